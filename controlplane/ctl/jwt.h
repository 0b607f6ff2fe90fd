// Key pairs and test tokens, made without a server.
#pragma once

#include "command.h"

extern const struct option jwt_keygen_options[], jwt_sign_options[];

enum status jwt_keygen(const struct arguments *);
enum status jwt_sign(const struct arguments *);
