// The clip of marks: pictures that show their number, and a beep at the beginning of each second.
// It repeats after MARKS_SECONDS.
#pragma once

#define MARKS_SECONDS    20
#define MARKS_FRAME_RATE 25
