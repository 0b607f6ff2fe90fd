// bench-load: starts a server, loads it with speakers and viewers, and measures. scripts/bench load
// sets up what it needs.
#include "ramp.h"
#include "run.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/srtp.h"

#define VIEWERS   2000
#define SECONDS   10
#define JOINING   64
#define MEMORY_MB 512 // for our packet buffers, without hugepages
// With --speakers: one speaker plays as in keynote. With more, 2000 viewers get about as many
// packets in all, so that copies are not the limit.
#define VOICES  3
#define SLOW    4
#define REST_US 20 // with --rests: the kernel's side of the port runs on our core
// In a storm the server's signaling and handshakes get the rest of our core. Packets that arrive
// meanwhile wait in the port's ring.
#define STORM_REST_US 200

static const char usage[] =
        "usage: bench-load --file FILE --command COMMAND --address SOCKET --device DEVICE "
        "--clips FOLDER [OPTION…]\n"
        "  --file FILE         append figures to it, a line of JSON each\n"
        "  --command COMMAND   start the server with it, which connects to our port\n"
        "  --log FILE          append the server's output to it\n"
        "  --address SOCKET    the address of the server's signaling\n"
        "  --device DEVICE     our port, as DPDK names it\n"
        "  --clips FOLDER      the clips that the speakers play\n"
        "  --server amphi|control|janus\n"
        "                      the kind of server (amphi)\n"
        "  --control COMMAND   start the control plane with it, for --server control\n"
        "  --storm S           all viewers join within S seconds; measures how long each waits\n"
        "  --speakers N        instead of --load: one at 720p, or more at 180p with a quarter of "
        "the "
        "frames, 3 voices at a time\n"
        "  --load keynote|webinar|full\n"
        "                      what to send (keynote)\n"
        "  --viewers N         the number of viewers (2000)\n"
        "  --seconds S         how long to measure (10)\n"
        "  --profile gcm|cm    the SRTP profile (gcm)\n"
        "  --joins-per-s N     how fast viewers join (as fast as possible)\n"
        "  --joining N         how many handshakes run at the same time (64)\n"
        "  --core N            the core that we run on (1)\n"
        "  --hugepages         use hugepages for our packet buffers\n"
        "  --rests             sleep while there is nothing to do, since the port's kernel side "
        "needs "
        "the core\n"
        "  --workers N         the server's workers (1)\n"
        "  --queues N          our port's queues (1)\n"
        "  --port NAME         the port's name in the figures\n"
        "  --ramp              find the largest number of viewers without loss, up to --viewers\n"
        "  --from N            viewers in the ramp's first step (250)\n"
        "  --loss N            packets per million that a good step may lose (1)\n"
        "  --within S          the time within which a ramp begins its last step (180)\n"
        "  --name NAME         the server's name in the figures\n"
        "  --lossless          treat a lost packet as an error\n"
        "  --feedback          viewers send transport-wide feedback every 50 ms; measures its cost "
        "against two windows without it\n";

struct profile {
	const char *name, *openssl;
};
static const struct profile profiles[] = {
        {"gcm", "SRTP_AEAD_AES_128_GCM"},
        {"cm", "SRTP_AES128_CM_SHA1_80"},
};

enum setting {
	OPTION_FILE = 1,
	OPTION_COMMAND,
	OPTION_LOG,
	OPTION_ADDRESS,
	OPTION_DEVICE,
	OPTION_CLIPS,
	OPTION_LOAD,
	OPTION_VIEWERS,
	OPTION_SECONDS,
	OPTION_PROFILE,
	OPTION_JOINS,
	OPTION_JOINING,
	OPTION_CORE,
	OPTION_HUGEPAGES,
	OPTION_RESTS,
	OPTION_WORKERS,
	OPTION_QUEUES,
	OPTION_PORT,
	OPTION_RAMP,
	OPTION_FROM,
	OPTION_LOSS,
	OPTION_WITHIN,
	OPTION_NAME,
	OPTION_LOSSLESS,
	OPTION_SERVER,
	OPTION_CONTROL,
	OPTION_STORM,
	OPTION_SPEAKERS,
	OPTION_FEEDBACK,
};

static const struct option options[] = {
        {"file", required_argument, NULL, OPTION_FILE},
        {"command", required_argument, NULL, OPTION_COMMAND},
        {"log", required_argument, NULL, OPTION_LOG},
        {"address", required_argument, NULL, OPTION_ADDRESS},
        {"device", required_argument, NULL, OPTION_DEVICE},
        {"clips", required_argument, NULL, OPTION_CLIPS},
        {"load", required_argument, NULL, OPTION_LOAD},
        {"viewers", required_argument, NULL, OPTION_VIEWERS},
        {"seconds", required_argument, NULL, OPTION_SECONDS},
        {"profile", required_argument, NULL, OPTION_PROFILE},
        {"joins-per-s", required_argument, NULL, OPTION_JOINS},
        {"joining", required_argument, NULL, OPTION_JOINING},
        {"core", required_argument, NULL, OPTION_CORE},
        {"hugepages", no_argument, NULL, OPTION_HUGEPAGES},
        {"rests", no_argument, NULL, OPTION_RESTS},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        {"queues", required_argument, NULL, OPTION_QUEUES},
        {"port", required_argument, NULL, OPTION_PORT},
        {"ramp", no_argument, NULL, OPTION_RAMP},
        {"from", required_argument, NULL, OPTION_FROM},
        {"loss", required_argument, NULL, OPTION_LOSS},
        {"within", required_argument, NULL, OPTION_WITHIN},
        {"name", required_argument, NULL, OPTION_NAME},
        {"lossless", no_argument, NULL, OPTION_LOSSLESS},
        {"server", required_argument, NULL, OPTION_SERVER},
        {"control", required_argument, NULL, OPTION_CONTROL},
        {"storm", required_argument, NULL, OPTION_STORM},
        {"speakers", required_argument, NULL, OPTION_SPEAKERS},
        {"feedback", no_argument, NULL, OPTION_FEEDBACK},
        {0},
};

// A number within bounds. Otherwise prints an error and exits.
static uint32_t number(const char *name, const char *text, uint32_t min, uint32_t max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < min || value > max) {
		fprintf(stderr, "bench-load: --%s takes %u to %u, not \"%s\"\n", name, min, max,
		        text);
		exit(2);
	}
	return (uint32_t)value;
}

static void set_profile(struct run_options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			o->profile = profiles[i].name;
			o->generator.profiles = profiles[i].openssl;
			return;
		}
	}
	fprintf(stderr, "bench-load: --profile takes gcm or cm, not \"%s\"\n", name);
	exit(2);
}

static void set_load(struct run_options *o, const char *name)
{
	o->generator.load = load_find(name);
	if (o->generator.load)
		return;
	fprintf(stderr, "bench-load: --load takes keynote, webinar or full, not \"%s\"\n", name);
	exit(2);
}

static void set_speakers(struct run_options *o, uint32_t speakers)
{
	static struct load load = {.name = "storm", .slow = SLOW};

	load.speakers = (uint16_t)speakers;
	load.large = speakers == 1;
	load.voices = (uint16_t)(speakers < VOICES ? speakers : VOICES);
	o->generator.load = &load;
}

static void set_server(struct run_options *o, const char *name)
{
	static const struct server_calls *const all[] = {
	        &server_amphi, &server_control, &server_janus};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i]->name, name) == 0) {
			o->generator.calls = all[i];
			return;
		}
	}
	fprintf(stderr, "bench-load: --server takes amphi, control or janus, not \"%s\"\n", name);
	exit(2);
}

static void set_file(struct run_options *o, const char *path)
{
	o->json = fopen(path, "ae");
	if (o->json)
		return;
	perror(path);
	exit(1);
}

static void set_option(struct run_options *o, int option, const char *value)
{
	struct generator_options *g = &o->generator;

	switch ((enum setting)option) {
	case OPTION_FILE: set_file(o, value); break;
	case OPTION_COMMAND: g->command = value; break;
	case OPTION_LOG: g->log = value; break;
	case OPTION_ADDRESS: g->address = value; break;
	case OPTION_DEVICE: g->nic.device = value; break;
	case OPTION_CLIPS: g->clips = value; break;
	case OPTION_LOAD: set_load(o, value); break;
	case OPTION_VIEWERS: o->viewers = number("viewers", value, 1, 60000); break;
	case OPTION_SECONDS: o->seconds = number("seconds", value, 1, 3600); break;
	case OPTION_PROFILE: set_profile(o, value); break;
	case OPTION_JOINS: g->joins_per_s = number("joins-per-s", value, 1, 100000); break;
	case OPTION_JOINING:
		g->joining_max = (uint16_t)number("joining", value, 1, MEMBERS_JOINING_MAX);
		break;
	case OPTION_CORE: g->nic.core = (uint16_t)number("core", value, 0, 1023); break;
	case OPTION_HUGEPAGES: g->nic.hugepages = true; break;
	case OPTION_RESTS: g->rests = true; break;
	case OPTION_WORKERS:
		g->workers = (uint16_t)number("workers", value, 1, AM_WORKER_MAX);
		break;
	case OPTION_QUEUES:
		g->nic.queues = (uint16_t)number("queues", value, 1, NIC_QUEUE_MAX);
		break;
	case OPTION_PORT: o->port = value; break;
	case OPTION_RAMP: o->ramp = true; break;
	case OPTION_FROM: o->ramp_first = number("from", value, 1, 60000); break;
	case OPTION_LOSS: o->ramp_loss = number("loss", value, 1, 1000000) / 1e6; break;
	case OPTION_WITHIN: o->ramp_s_max = number("within", value, 1, 3600); break;
	case OPTION_NAME: o->server = value; break;
	case OPTION_LOSSLESS: o->lossless = true; break;
	case OPTION_FEEDBACK: g->feedback = true; break;
	case OPTION_SERVER: set_server(o, value); break;
	case OPTION_CONTROL: g->control = value; break;
	case OPTION_STORM:
		o->storm_s = number("storm", value, 1, 600);
		g->rest_us = STORM_REST_US;
		break;
	case OPTION_SPEAKERS: set_speakers(o, number("speakers", value, 1, 20)); break;
	}
}

int main(int argc, char **argv)
{
	struct run_options o = {
	        .generator =
	                {
	                        .load = load_find("keynote"),
	                        .workers = 1,
	                        .joining_max = JOINING,
	                        .rest_us = REST_US,
	                        .log = "/dev/null",
	                        .calls = &server_amphi,
	                        .nic = {.core = 1, .queues = 1, .memory_mb = MEMORY_MB},
	                },
	        .viewers = VIEWERS,
	        .seconds = SECONDS,
	        .ramp_first = RAMP_FIRST,
	        .ramp_s_max = RAMP_S_MAX,
	        .ramp_loss = RAMP_LOSS / 1e6,
	};
	int option;

	set_profile(&o, "gcm");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?') {
			fputs(usage, stderr);
			return 2;
		}
		set_option(&o, option, optarg);
	}
	if (optind != argc || !o.json || !o.generator.command || !o.generator.address ||
	    !o.generator.nic.device || !o.generator.clips) {
		fputs(usage, stderr);
		return 2;
	}
	o.generator.viewers_max = o.viewers;
	o.tls = strncmp(o.generator.address, "https:", 6) == 0;
	return run(&o);
}
