#include "rest/handlers.h"

#include "account/account.h"
#include "account/token.h"
#include "base/base64url.h"
#include "base/json.h"
#include "base/memory.h"
#include "conference/conference.h"
#include "http/http.h"

#include <stdlib.h>
#include <string.h>

// The token is not verified, since only a header of the page depends on it.
static bool token_has_video(const char *token)
{
	const char *payload = token ? strchr(token, '.') : NULL;
	size_t len = payload ? strcspn(++payload, ".") : 0;

	if (len == 0 || len > TOKEN_LEN_MAX)
		return false;
	uint8_t *bytes = memory_new(1, len);
	ssize_t n = base64url_decode(bytes, payload, len);
	struct json *claims = n > 0 ? json_parse((const char *)bytes, (size_t)n) : NULL;
	bool has = json_has(claims, "video");
	json_free(claims);
	free(bytes);
	return has;
}

// The room's name in "/call/<room>" takes precedence over the query.
static const char *room_of(const struct http_request *q)
{
	const char *name = strchr(q->path + 1, '/');

	return name && name[1] ? name + 1 : http_query(q, "roomId");
}

bool rest_page_has_player(const struct rest_call *call, const struct account *account)
{
	const struct http_request *q = call->request;
	const char *video = http_query(q, "video"), *name = room_of(q);

	if ((video && video[0]) || token_has_video(http_query(q, "token")))
		return true;
	const struct room *r =
	        name ? rooms_find(conference_rooms(call->rest->conference), account->id, name)
	             : NULL;
	return r && r->rules.video;
}
