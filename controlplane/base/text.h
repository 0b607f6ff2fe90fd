// Strings from the network: which of them may be kept and shown.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// True if s is UTF-8 (RFC 3629) of min to max code points without control characters.
[[nodiscard]] bool text_is_printable(const char *s, size_t min, size_t max);

// True if s is 1 to max characters of A-Z, a-z, 0-9, '_', '-'.
[[nodiscard]] bool text_is_token(const char *s, size_t max);

// The bytes that a cleaned name of up to max code points needs.
#define TEXT_NAME_SIZE(max) ((max)*4 + 1)

// Writes the name s to out, of TEXT_NAME_SIZE(max) bytes, as everybody is to see it: with single
// spaces between words, and without characters that are invisible or reverse the direction of text.
// Returns the number of code points (0: nothing visible is left), or -EINVAL if s is not UTF-8, has
// control characters (line breaks included) or more than max code points. The page has the same
// rules (web/src/address/name.ts).
[[nodiscard]] int text_clean_name(char *out, size_t max, const char *s);

// "true" and "1" are true, everything else is false.
[[nodiscard]] bool text_is_true(const char *s);

// True if both are equal. The time taken depends only on the length of `given`.
[[nodiscard]] bool text_equals_secret(const char *given, const char *secret);

// True if s is a whole decimal number without sign in [min, max].
[[nodiscard]] bool text_number(const char *s, int64_t min, int64_t max, int64_t *out);
