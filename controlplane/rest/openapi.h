// The description of the REST endpoints (OpenAPI 3.1), as openapi.json has it. A test compares it
// with the table of routes.
#pragma once

const char *openapi_text(void); // NUL-terminated
