// Published vectors of SRTP, as hexadecimal text. Spaces mean nothing.
#pragma once

// RFC 3711 B.2: AES-CM key stream. The session salt is the first 14 bytes of the counter block.
#define RFC3711_B2_KEY   "2b7e1516 28aed2a6 abf71588 09cf4f3c"
#define RFC3711_B2_BLOCK "f0f1f2f3 f4f5f6f7 f8f9fafb fcfd0000"
#define RFC3711_B2_STREAM                                                                          \
	"e03ead09 35c95e80 e166b16d d92b4eb4 d2351316 2b02d0f7 2a43a2fe 4a5f97ab"                  \
	"41e95b3b b0a2e8dd 477901e4 fca894c0"

// RFC 3711 B.3: key derivation, rate 0.
#define RFC3711_B3_MASTER_KEY  "e1f97a0d 3e018be0 d64fa32c 06de4139"
#define RFC3711_B3_MASTER_SALT "0ec675ad 498afeeb b6960b3a abe6"
#define RFC3711_B3_CIPHER_KEY  "c61e7a93 744f39ee 10734afe 3ff7a087"
#define RFC3711_B3_CIPHER_SALT "30cbbc08 863d8c85 d49db34a 9ae1"
#define RFC3711_B3_AUTH_KEY    "cebe321f 6ff7716b 6fd4ab49 af256a15 6d38baa4"

// The packet that libsrtp validates itself with (test/srtp_driver.c, srtp_validate) under the
// master key of RFC 3711 B.3: AES_CM_128_HMAC_SHA1_80, rollover counter 0.
#define LIBSRTP_CM_PLAIN "800f1234 decafbad cafebabe abababab abababab abababab abababab"
#define LIBSRTP_CM_PACKET                                                                          \
	"800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb"

// RFC 7714 16 and 17: AEAD_AES_128_GCM. These are session keys, as 16 says.
#define RFC7714_KEY  "00010203 04050607 08090a0b 0c0d0e0f"
#define RFC7714_SALT "51756964 2070726f 2071756f"

// 16.1.1: SRTP, rollover counter 0.
#define RFC7714_16_1_1_PLAIN                                                                       \
	"8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 "        \
	"696e2070"                                                                                 \
	"61727465 73207472 6573"
#define RFC7714_16_1_1_PACKET                                                                      \
	"8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f "        \
	"42a5f47a"                                                                                 \
	"51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce"

// 17.1: SRTCP, index 0x5d4.
#define RFC7714_17_1_PLAIN                                                                         \
	"81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef "        \
	"deadbeef"                                                                                 \
	"deadbeef deadbeef deadbeef"
#define RFC7714_17_1_PACKET                                                                        \
	"81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 "        \
	"730d6fda"                                                                                 \
	"4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"

// 17.3: the same, tagged but not encrypted.
#define RFC7714_17_3_PACKET                                                                        \
	"81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef "        \
	"deadbeef"                                                                                 \
	"deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4"
