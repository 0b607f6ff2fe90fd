#include "recorder/copy.h"

#include "recorder/disk.h"
#include "recorder/folder.h"
#include "recorder/state.h"

#include <errno.h>
#include <stdlib.h>

#define BEGUN ".state" // its name until it is whole

int copy_write(struct copy *c, struct folder *folder, bool done)
{
	char begun[FOLDER_PATH_MAX], path[FOLDER_PATH_MAX];
	size_t len;

	folder_path(folder, BEGUN, begun);
	folder_path(folder, STATE_COPY, path);
	uint8_t *bytes = state_copy(folder->state, done, &len);
	struct disk_file *f = bytes ? disk_begin(folder->disk, begun) : NULL;
	int ret = f ? disk_write(f, 0, bytes, len) : -ENOMEM;
	free(bytes);
	if (ret < 0) {
		if (f)
			disk_close(f);
		return ret;
	}
	disk_sync(f);
	disk_rename(f, path, true);
	copy_close(c);
	c->file = f;
	folder->state->changed = false;
	return 0;
}

void copy_update(struct copy *c, struct folder *folder)
{
	if (!copy_is_written(c))
		return;
	if (c->file && disk_error(c->file) < 0 && folder->error == 0)
		folder->error = disk_error(c->file);
	if (folder->state->changed)
		(void)!copy_write(c, folder, false); // tried again in a second
}

bool copy_is_written(const struct copy *c)
{
	return !c->file || disk_is_idle(c->file);
}

void copy_remove(struct copy *c, struct folder *folder)
{
	char path[FOLDER_PATH_MAX];

	folder_path(folder, STATE_COPY, path);
	if (c->file)
		disk_discard(c->file);
	else
		disk_remove(folder->disk, path);
	c->file = NULL;
}

void copy_close(struct copy *c)
{
	if (c->file)
		disk_close(c->file);
	c->file = NULL;
}
