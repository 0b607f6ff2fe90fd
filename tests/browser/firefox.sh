#!/bin/sh
# Firefox with a better priority: Chromium gives itself one, and would leave it nothing of a busy machine.
exec nice -n -5 /usr/bin/firefox-esr "$@"
