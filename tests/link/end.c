#include "end.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER                                                                             \
	(8 << 20) // bytes: 250 ms of 100 Mbit/s, including the kernel's overhead per frame

static int tell(const struct end *e, const char *what)
{
	int error = errno;

	fprintf(stderr, "amphi-link: %s: %s: %s\n", e->name, what, strerror(error));
	return -error;
}

// Whether an offload is on; an offload that the interface does not have is off.
static bool offload_is_on(const struct end *e, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};
	struct ifreq request = {.ifr_data = (void *)&value};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", e->name);
	return ioctl(e->fd, SIOCETHTOOL, &request) == 0 && value.data;
}

// With offloads, segments are not packets as on a wire, and nothing here completes checksums as a
// card would. The frames show whether the far ends have offloads: see frame_check.
static int offloads_check(const struct end *e)
{
	static const uint32_t commands[] = {ETHTOOL_GTXCSUM, ETHTOOL_GTSO, ETHTOOL_GGRO};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (offload_is_on(e, commands[i])) {
			fprintf(stderr,
			        "amphi-link: %s has offloads on: ethtool -K %s tx off gro off, and "
			        "the "
			        "same at the other end of its cable\n",
			        e->name, e->name);
			return -EINVAL;
		}
	return 0;
}

static int mtu_read(struct end *e)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", e->name);
	if (ioctl(e->fd, SIOCGIFMTU, &request) < 0)
		return tell(e, "cannot read its MTU");
	e->mtu = (uint32_t)request.ifr_mtu;
	return 0;
}

// Receives every incoming frame, whatever its destination, and no outgoing one. Called before bind,
// so that no frame arrives earlier.
static int socket_configure(const struct end *e, int index)
{
	const int one = 1, size = RECEIVE_BUFFER;
	struct packet_mreq all = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};

	if (setsockopt(e->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		return tell(e, "this kernel's packet sockets cannot ignore outgoing frames");
	if (setsockopt(e->fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) < 0 ||
	    setsockopt(e->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0)
		return tell(e, "cannot set up its socket");
	if (setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		return tell(e, "cannot get the buffer that it needs");
	return 0;
}

static int socket_bind(const struct end *e, int index)
{
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};

	if (bind(e->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return tell(e, "cannot bind to it");
	return 0;
}

int end_open(struct end *e, const char *name)
{
	*e = (struct end){.name = name, .fd = -1};
	int index = strlen(name) < IFNAMSIZ ? (int)if_nametoindex(name) : 0;
	if (index == 0) {
		fprintf(stderr, "amphi-link: there is no interface %s here; ip link lists them\n",
		        name);
		return -ENODEV;
	}
	e->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (e->fd < 0)
		return tell(e, "cannot open a packet socket, which requires root");
	int ret = offloads_check(e);
	if (ret == 0)
		ret = mtu_read(e);
	if (ret == 0)
		ret = socket_configure(e, index);
	if (ret == 0)
		ret = socket_bind(e, index);
	if (ret < 0)
		end_close(e);
	return ret;
}

void end_close(struct end *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

// Reports once what the far end must change for its frames to arrive.
static void frame_check(struct end *e, uint32_t status, uint32_t len)
{
	if (status & TP_STATUS_CSUMNOTREADY && !e->told_checksum) {
		fprintf(stderr,
		        "amphi-link: %s: frames arrive with incomplete checksums and will be "
		        "thrown "
		        "away: "
		        "at the other end of its cable, ethtool -K … tx off\n",
		        e->name);
		e->told_checksum = true;
	}
	if (len > e->mtu + FRAME_ETH + 4 && !e->told_size) {
		fprintf(stderr,
		        "amphi-link: %s: a frame of %u bytes is not a single packet: at the other "
		        "end "
		        "of "
		        "its cable, ethtool -K … tx off gso off\n",
		        e->name, len);
		e->told_size = true;
	}
}

static uint32_t auxdata_status(struct msghdr *message)
{
	struct tpacket_auxdata aux = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	return aux.tp_status;
}

struct frame *end_receive(struct end *e)
{
	static uint8_t bytes[FRAME_MAX];
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {
	        .msg_iov = &vector,
	        .msg_iovlen = 1,
	        .msg_control = &control,
	        .msg_controllen = sizeof(control)};

	ssize_t len = recvmsg(e->fd, &message, 0);
	if (len < 0)
		return NULL;
	frame_check(e, auxdata_status(&message), (uint32_t)len);
	struct frame *f = malloc(sizeof(*f) + (size_t)len);
	if (!f)
		return NULL;
	f->len = (uint32_t)len;
	memcpy(f->bytes, bytes, (size_t)len);
	return f;
}

bool end_is_gone(const struct end *e, int error)
{
	return error == ENODEV || error == ENXIO ||
	       (error == ENETDOWN && if_nametoindex(e->name) == 0);
}

void end_send(struct end *e, const struct frame *f)
{
	if (send(e->fd, f->bytes, f->len, 0) >= 0)
		return;
	e->refused++;
	if (!e->told_refused)
		(void)tell(e, "a frame was refused");
	e->told_refused = true;
}

void end_count(struct end *e)
{
	struct tpacket_stats stats = {0}; // since the last call
	socklen_t len = sizeof(stats);

	if (getsockopt(e->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		e->overrun += stats.tp_drops;
}
