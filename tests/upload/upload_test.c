// Uploads to a real server that speaks S3 and checks signatures (tests/browser/bucket.mjs).
#include "upload/s3.h"
#include "upload/upload.h"

#include "base/loop.h"

#include "am_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define RECORDING   0x1234u
#define FOLDER      "1/room/0000000000001234"
#define WAIT_NS     30000000000ull
#define PART        ((size_t)UPLOAD_PART_SIZE)
#define HEAD_LEN    4096 // of a file, rewritten while it grows
#define OBJECT_TAIL "._S3rver_object" // under which the server stores an object

struct scene {
	char folder[64], url[64];
	int port;
	pid_t bucket;
	struct loop *loop;
	struct s3_settings s3;
	struct uploads *uploads;
	int done; // calls
	int result;
	uint8_t *bytes; // of the file
};

static struct scene scene;

static void done(void *owner, uint64_t recording_id, int result)
{
	struct scene *s = owner;

	assert_int_equal(recording_id, RECORDING);
	s->done++;
	s->result = result;
}

static int port_free(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void bucket_start(struct scene *s)
{
	char port[16], folder[96], word[8] = {0};
	int out[2];

	snprintf(port, sizeof(port), "%d", s->port);
	snprintf(folder, sizeof(folder), "%s/bucket", s->folder);
	assert_int_equal(pipe(out), 0);
	s->bucket = fork();
	if (s->bucket == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], STDOUT_FILENO);
		execl(BROWSER_RUN, "run", "--script", "bucket.mjs", port, folder, NULL);
		_exit(127);
	}
	close(out[1]);
	assert_int_equal(read(out[0], word, 5), 5);
	assert_string_equal(word, "ready");
	close(out[0]);
}

static void bucket_stop(struct scene *s)
{
	kill(s->bucket, SIGKILL);
	waitpid(s->bucket, NULL, 0);
}

static void uploads_begin(struct scene *s)
{
	s->uploads = uploads_create(&(struct uploads_settings){
	        .loop = s->loop,
	        .s3 = &s->s3,
	        .directory = s->folder,
	        .prefix = "amphi/",
	        .done = done,
	        .owner = s,
	});
	assert_non_null(s->uploads);
}

static void command(const char *format, const char *argument)
{
	char line[256];

	snprintf(line, sizeof(line), format, argument);
	assert_int_equal(system(line), 0);
}

static int set_up(void **)
{
	struct scene *s = &scene;

	*s = (struct scene){.folder = "/tmp/amphi-upload-XXXXXX"};
	assert_non_null(mkdtemp(s->folder));
	command("mkdir -p %s/" FOLDER "/tracks", s->folder);
	s->port = port_free();
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/recordings", s->port);
	s->s3 = (struct s3_settings){s->url, "us-east-1", "S3RVER", "S3RVER", ""};
	s->loop = loop_create();
	s->bytes = malloc(4 * PART);
	assert_non_null(s->bytes);
	uint32_t x = 1;
	for (size_t i = 0; i < 4 * PART; i++)
		s->bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	bucket_start(s);
	return 0;
}

static int tear_down(void **)
{
	struct scene *s = &scene;

	uploads_destroy(s->uploads);
	bucket_stop(s);
	loop_destroy(s->loop);
	free(s->bytes);
	command("rm -r %s", s->folder);
	return 0;
}

static void file_write(struct scene *s, const char *name, size_t from, size_t to)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/" FOLDER "/%s", s->folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, s->bytes + from, to - from, (off_t)from), (ssize_t)(to - from));
	close(fd);
}

// The object is what the file is now.
static void assert_in_bucket(struct scene *s, const char *name, size_t len)
{
	char line[512];
	struct stat st;

	snprintf(line, sizeof(line), "%s/" FOLDER "/%s", s->folder, name);
	assert_int_equal(stat(line, &st), 0);
	assert_int_equal(st.st_size, len);
	snprintf(
	        line, sizeof(line),
	        "cmp %s/" FOLDER "/%s %s/bucket/recordings/amphi/" FOLDER "/%s" OBJECT_TAIL,
	        s->folder, name, s->folder, name
	);
	assert_int_equal(system(line), 0);
}

static bool in_bucket(struct scene *s, const char *name)
{
	char path[256];

	snprintf(
	        path, sizeof(path), "%s/bucket/recordings/amphi/" FOLDER "/%s" OBJECT_TAIL,
	        s->folder, name
	);
	return access(path, F_OK) == 0;
}

#define wait_for(s, condition)                                                                     \
	do {                                                                                       \
		uint64_t until_ = am_clock_ns() + WAIT_NS;                                         \
		struct uploads_counts counts;                                                      \
		while (uploads_count((s)->uploads, &counts), !(condition)) {                       \
			assert_true(am_clock_ns() < until_);                                       \
			loop_turn((s)->loop, 20);                                                  \
		}                                                                                  \
	} while (false)

static void files_are_sent_while_they_grow_and_end_as_they_are(void **)
{
	struct scene *s = &scene;

	uploads_begin(s);
	file_write(s, "programme.webm", 0, 2 * PART + 1000);
	file_write(s, "tracks/1-audio.webm", 0, 5000);
	file_write(s, "state", 0, 100);
	uploads_put(s->uploads, RECORDING, FOLDER, false);
	wait_for(s, counts.bytes == 2 * PART);
	assert_int_equal(s->done, 0);

	memset(s->bytes, 7, HEAD_LEN); // the index in front grows, too
	file_write(s, "programme.webm", 0, HEAD_LEN);
	file_write(s, "programme.webm", 2 * PART, 3 * PART + 77);
	uploads_put(s->uploads, RECORDING, FOLDER, true);
	wait_for(s, s->done > 0);
	assert_int_equal(s->result, 0);
	assert_in_bucket(s, "programme.webm", 3 * PART + 77);
	assert_in_bucket(s, "tracks/1-audio.webm", 5000);
	assert_false(in_bucket(s, "state"));
	wait_for(s, counts.pending == 0);
	assert_int_equal(s->done, 1);
}

static void a_file_of_whole_parts_has_no_empty_one_at_its_end(void **)
{
	struct scene *s = &scene;

	uploads_begin(s);
	file_write(s, "programme.webm", 0, 2 * PART);
	file_write(s, "one.webm", 0, PART);
	uploads_put(s->uploads, RECORDING, FOLDER, true);
	wait_for(s, s->done > 0);
	assert_in_bucket(s, "programme.webm", 2 * PART);
	assert_in_bucket(s, "one.webm", PART);
}

static void after_a_restart_only_the_rest_is_sent(void **)
{
	struct scene *s = &scene;

	uploads_begin(s);
	file_write(s, "programme.webm", 0, 3 * PART + 5);
	uploads_put(s->uploads, RECORDING, FOLDER, false);
	wait_for(s, counts.bytes == 3 * PART);
	uploads_destroy(s->uploads);

	uploads_begin(s);
	uploads_put(s->uploads, RECORDING, FOLDER, true);
	wait_for(s, s->done > 0);
	wait_for(s, counts.bytes > 0 && counts.bytes <= PART);
	assert_in_bucket(s, "programme.webm", 3 * PART + 5);
}

static void a_wrong_secret_is_refused_and_nothing_is_told(void **)
{
	struct scene *s = &scene;

	s->s3.secret = "wrong";
	uploads_begin(s);
	file_write(s, "programme.webm", 0, 1000);
	uploads_put(s->uploads, RECORDING, FOLDER, true);
	wait_for(s, counts.failures >= 2);
	assert_int_equal(s->done, 0);
	assert_false(in_bucket(s, "programme.webm"));

	struct s3 *s3 = s3_create(&s->s3);
	assert_int_equal(s3_put(s3, "x", "y", 1), -EACCES);
	assert_non_null(strstr(s3_error(s3), "SignatureDoesNotMatch"));
	s3_destroy(s3);
}

static void a_bucket_that_is_not_there_is_a_failure(void **)
{
	struct scene *s = &scene;

	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/nobodys", s->port);
	uploads_begin(s);
	file_write(s, "programme.webm", 0, PART + 1);
	file_write(s, "small.webm", 0, 1000);
	uploads_put(s->uploads, RECORDING, FOLDER, true);
	wait_for(s, counts.failures >= 3);
	assert_int_equal(s->done, 0);
}

static void a_bucket_that_comes_back_gets_the_rest(void **)
{
	struct scene *s = &scene;

	uploads_begin(s);
	file_write(s, "programme.webm", 0, PART + 1);
	uploads_put(s->uploads, RECORDING, FOLDER, false);
	wait_for(s, counts.bytes == PART);
	bucket_stop(s);
	uploads_put(s->uploads, RECORDING, FOLDER, true);
	wait_for(s, counts.failing);
	bucket_start(s);
	wait_for(s, s->done > 0);
	assert_int_equal(s->result, 0);
	assert_in_bucket(s, "programme.webm", PART + 1);
}

static void a_recording_that_is_deleted_is_forgotten(void **)
{
	struct scene *s = &scene;

	uploads_begin(s);
	file_write(s, "programme.webm", 0, PART + 1);
	uploads_put(s->uploads, RECORDING, FOLDER, false);
	wait_for(s, counts.bytes == PART);
	command("rm -r %s/" FOLDER, s->folder);
	wait_for(s, counts.pending == 0);
	assert_int_equal(s->done, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(files_are_sent_while_they_grow_and_end_as_they_are),
	        TEST(a_file_of_whole_parts_has_no_empty_one_at_its_end),
	        TEST(after_a_restart_only_the_rest_is_sent),
	        TEST(a_wrong_secret_is_refused_and_nothing_is_told),
	        TEST(a_bucket_that_is_not_there_is_a_failure),
	        TEST(a_bucket_that_comes_back_gets_the_rest),
	        TEST(a_recording_that_is_deleted_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
