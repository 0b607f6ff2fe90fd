#include "service/port_watch.h"

#include "am_log.h"
#include "host/port.h"
#include "path/message.h"
#include "service/mail.h"
#include "service/registry.h"

#define LOOK_NS  100000000ull
#define GREET_NS 1000000000ull // from a start to the first look: time for the peer to answer

static void post_all(struct registry *r, uint16_t type)
{
	for (uint16_t i = 0; i < r->worker_count; i++)
		mail_post(r, i, &(struct message){.type = type});
}

static void link_tell(struct port_watch *p, bool linked)
{
	if (linked != p->linked)
		am_info("port: link changed; link=%s", linked ? "up" : "down");
	p->linked = linked;
}

static enum port_watch_state
running(struct port_watch *p, const struct port *port, struct registry *r)
{
	link_tell(p, port_is_linked(port));
	if (!port->dials || p->linked)
		return PORT_WATCH_RUNNING;
	r->workers_stopped = 0;
	post_all(r, MESSAGE_PORT_STOP);
	return PORT_WATCH_STOPPING;
}

static enum port_watch_state
stopped(struct port_watch *p, struct port *port, struct registry *r, uint64_t now_ns)
{
	if (!port->started && port_start(port) < 0)
		return PORT_WATCH_STOPPED;
	post_all(r, MESSAGE_PORT_START);
	p->due_ns = now_ns + GREET_NS;
	return PORT_WATCH_RUNNING;
}

void port_watch_tick(struct port_watch *p, struct port *port, struct registry *r, uint64_t now_ns)
{
	if (now_ns < p->due_ns)
		return;
	p->due_ns = now_ns + LOOK_NS;
	switch (p->state) {
	case PORT_WATCH_RUNNING: p->state = running(p, port, r); break;
	case PORT_WATCH_STOPPING:
		if (r->workers_stopped < r->worker_count)
			break;
		port_stop(port);
		p->state = PORT_WATCH_STOPPED;
		break;
	case PORT_WATCH_STOPPED: p->state = stopped(p, port, r, now_ns); break;
	}
}
