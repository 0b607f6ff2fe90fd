// Why somebody is not let into a room, or is removed from it: a code that the page translates, a
// status modeled on HTTP's, and a text in each language for clients without texts of their own.
#pragma once

#include <stdint.h>

// name, code, status, English, Russian
#define REFUSALS(X)                                                                                \
	X(NONE, "none", 200, "", "")                                                               \
	X(BAD_REQUEST, "bad-request", 400, "The server did not understand the request.",           \
	  "Сервер не понял запрос.")                                                               \
	X(HOST_UNKNOWN, "host-unknown", 404, "No account on this server has this host name.",      \
	  "Ни у одной учётной записи этого сервера нет такого адреса.")                            \
	X(ORIGIN_NOT_ALLOWED, "origin-not-allowed", 403,                                           \
	  "Pages from this address may not enter rooms here.",                                     \
	  "Страницам с этого адреса вход в комнаты закрыт.")                                       \
	X(TOKEN_MISSING, "token-missing", 401, "Access denied: this room requires a signed link.", \
	  "Доступ запрещён: в эту комнату входят по подписанной ссылке.")                          \
	X(TOKEN_INVALID, "token-invalid", 401, "Access denied: the link is not valid.",            \
	  "Доступ запрещён: ссылка недействительна.")                                              \
	X(TOKEN_EXPIRED, "token-expired", 401, "Access denied: the link has expired.",             \
	  "Доступ запрещён: срок ссылки истёк.")                                                   \
	X(TOKEN_USED_UP, "token-used-up", 401, "Access denied: the link was opened too long ago.", \
	  "Доступ запрещён: ссылка была открыта слишком давно.")                                   \
	X(TOKEN_WRONG_ROOM, "token-wrong-room", 403,                                               \
	  "Access denied: the link opens another room.",                                           \
	  "Доступ запрещён: эта ссылка ведёт в другую комнату.")                                   \
	X(ACCESS_DECLINED, "access-declined", 401, "Access declined.", "В доступе отказано.")      \
	X(LOCKED, "locked", 423, "The room is locked.", "Комната закрыта для входа.")              \
	X(NOT_STARTED, "not-started", 425, "The event has not started yet.",                       \
	  "Мероприятие ещё не началось.")                                                          \
	X(ACCESS_UNKNOWN, "access-unknown", 503, "Access cannot be checked now.",                  \
	  "Сейчас не удаётся проверить доступ.")                                                   \
	X(PIN_REQUIRED, "pin-required", 401, "The room asks for a PIN.",                           \
	  "Для входа в комнату нужен PIN-код.")                                                    \
	X(PIN_WRONG, "pin-wrong", 403, "The PIN is wrong.", "PIN-код неверен.")                    \
	X(PIN_LOCKED, "pin-locked", 429, "Too many wrong PINs. Try again in a minute.",            \
	  "Слишком много неверных PIN-кодов. Попробуйте через минуту.")                            \
	X(PEER_ID_TAKEN, "peer-id-taken", 409,                                                     \
	  "Somebody with a signed link is using this peerId.",                                     \
	  "Этот peerId занят участником с подписанной ссылкой.")                                   \
	X(ROOM_FULL, "room-full", 403, "The room is full.", "В комнате нет мест.")                 \
	X(SPEAKERS_FULL, "speakers-full", 403, "The webinar has no place for another speaker.",    \
	  "На вебинаре нет места для ещё одного докладчика.")                                      \
	X(VIEWERS_FULL, "viewers-full", 403, "The webinar has no place for another viewer.",       \
	  "На вебинаре нет места для ещё одного зрителя.")                                         \
	X(WRONG_ROOM_KIND, "wrong-room-kind", 409,                                                 \
	  "This room is of the other kind: calls and webinars have different addresses.",          \
	  "Эта комната другого вида: у звонков и вебинаров разные адреса.")                        \
	X(DECLINED, "declined", 403, "A moderator did not let you in.",                            \
	  "Модератор вас не впустил.")                                                             \
	X(REPLACED, "replaced", 409, "You have joined from another window or device.",             \
	  "Вы вошли из другого окна или с другого устройства.")                                    \
	X(REMOVED, "removed", 403, "You were removed from the room.", "Вас удалили из комнаты.")   \
	X(ROOM_CLOSED, "room-closed", 410, "The room was closed.", "Комната закрыта.")             \
	X(NOT_JOINED, "not-joined", 408, "You were let in, but the page did not finish joining.",  \
	  "Вас впустили, но страница не завершила вход.")                                          \
	X(TOO_MANY_CONNECTIONS, "too-many-connections", 429,                                       \
	  "There are too many connections from your address.",                                     \
	  "С вашего адреса слишком много соединений с сервером.")                                  \
	X(BUSY, "busy", 503, "The server is at its limit.", "Сервер перегружен.")

struct json;

enum refusal {
#define REFUSAL_ENUM(name, code, status, english, russian) REFUSAL_##name,
	REFUSALS(REFUSAL_ENUM)
#undef REFUSAL_ENUM
	        REFUSAL_COUNT,
};

// What goes with a refusal.
struct refused {
	enum refusal refusal;
	const char *detail; // text from the integrator's server, which check a token failed, or ""
	int64_t start_time_ms; // for REFUSAL_NOT_STARTED; 0: unknown
};

const char *refusal_code(enum refusal);
enum refusal refusal_by_code(const char *); // REFUSAL_NONE if there is no such code
unsigned refusal_status(enum refusal);
const char *refusal_text(enum refusal); // English
const char *refusal_text_russian(enum refusal);

// {reason, status, message, messageRu}, as pages receive it. message is in English.
struct json *refusal_json(enum refusal, const char *message);
