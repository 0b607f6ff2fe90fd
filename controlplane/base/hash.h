// SHA-256 and its hexadecimal text.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE     32
#define HASH_HEX_SIZE (2 * HASH_SIZE + 1)

void hash_sha256(uint8_t out[HASH_SIZE], const void *, size_t len);
void hash_hex(char out[HASH_HEX_SIZE], const uint8_t hash[HASH_SIZE]);
