// amphictl: reads the command line and runs the command.
#include "arguments.h"

int main(int argc, char **argv)
{
	struct arguments a;
	enum status s = arguments_read(&a, argc, argv);

	if (s != STATUS_DONE)
		return s;
	if (a.help) {
		help_print(&a, a.list[0]);
		return STATUS_DONE;
	}
	return a.command->run(&a);
}
