// The description of the REST endpoints (OpenAPI 3.1): the contents of openapi.json. A test
// compares it with the table of routes.
#pragma once

const char *openapi_text(void); // NUL-terminated
