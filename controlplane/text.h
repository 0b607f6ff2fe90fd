// Strings from the network: what may be kept and shown.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// True if s is UTF-8 (RFC 3629) of min to max code points without control characters.
[[nodiscard]] bool text_is_printable(const char *s, size_t min, size_t max);

// True if s is 1 to max characters of A-Z, a-z, 0-9, '_', '-'.
[[nodiscard]] bool text_is_token(const char *s, size_t max);

// Copies s without blanks at its ends; false if it does not fit.
[[nodiscard]] bool text_trim(char *out, size_t size, const char *s);

// "true" and "1" are true, all else false.
[[nodiscard]] bool text_is_true(const char *s);

// Equal, in a time that depends on the length of `given` alone.
[[nodiscard]] bool text_equals_secret(const char *given, const char *secret);

// True if s is a whole decimal number without sign in [min, max].
[[nodiscard]] bool text_number(const char *s, int64_t min, int64_t max, int64_t *out);
