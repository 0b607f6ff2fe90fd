"""Reads the marks of picture.c and sound.c back from a recording, with ffmpeg.

python3 marks.py FILE: prints as JSON what all_of has found: the time of each picture in seconds with its
(number, sender), or null for one without; the times of the beeps and the length of the sound; sound minus
picture for each beep; what ffmpeg complains of.
"""

import array
import json
import subprocess
import sys

SECONDS = 20
FRAME_RATE = 25
FRAMES = SECONDS * FRAME_RATE
WIDTH, HEIGHT = 128, 64  # pictures are read at this size: 16 x 16 pixels a block
COLUMNS, ROWS = 8, 4
RATE = 48000
WINDOW = RATE // 1000  # samples, in which loudness is measured
LOUD = 0.02  # of full scale: the mean of the absolute samples of a window with the beep in it
QUIET_MS = 300  # before a beep


def checksum(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def picture_read(picture):
    """The picture's (number, sender), or None: a card, or a torn picture."""
    rows = []
    for row in range(ROWS):
        byte = 0
        for column in range(COLUMNS):
            y, x = row * HEIGHT // ROWS + HEIGHT // ROWS // 2, column * WIDTH // COLUMNS + WIDTH // COLUMNS // 2
            value = sum(picture[(y + dy) * WIDTH + x + dx] for dy in (-2, 0, 2) for dx in (-2, 0, 2)) / 9
            if 100 < value < 156:
                return None  # neither black nor white
            byte = byte << 1 | (value > 128)
        rows.append(byte)
    if checksum(rows[:3]) != rows[3] or rows[2] == 0 or (rows[0] << 8 | rows[1]) >= FRAMES:
        return None
    return rows[0] << 8 | rows[1], rows[2]


def run(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')[-500:]}")
    return done


def errors_of(path):
    """What ffmpeg says while it decodes the whole file: an empty list if all is well."""
    said = run("ffmpeg", "-nostdin", "-v", "warning", "-i", path, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-").stderr.decode(errors="replace")
    return [line for line in said.splitlines() if line.strip()]


def probe(path):
    said = run("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path).stdout
    return json.loads(said)


def pictures_of(path):
    """A list of (seconds, (number, sender) or None), one for each decoded picture."""
    said = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0", path)
    times = [float(line.strip().rstrip(",")) for line in said.stdout.decode().splitlines() if line.strip(" ,")]
    raw = run(
        "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
        "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", "-",
    ).stdout
    size = WIDTH * HEIGHT
    if len(raw) != size * len(times):
        raise RuntimeError(f"{path}: {len(times)} pictures have a time, but {len(raw) / size} are decoded")
    return [(times[i], picture_read(raw[i * size : (i + 1) * size])) for i in range(len(times))]


def beeps_of(path):
    """The seconds at which beeps begin, and the length of the sound in seconds."""
    raw = run(
        "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a:0", "-af", "aresample=async=1:first_pts=0",
        "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-",
    ).stdout
    samples = array.array("h")
    samples.frombytes(raw[: len(raw) // 2 * 2])
    beeps, quiet_ms = [], QUIET_MS
    for i in range(0, len(samples) - WINDOW, WINDOW):
        loud = sum(map(abs, samples[i : i + WINDOW])) / WINDOW / 32768 > LOUD
        if loud and quiet_ms >= QUIET_MS:
            beeps.append(i / RATE)
        quiet_ms = 0 if loud else quiet_ms + 1
    return beeps, len(samples) / RATE


def skews_of(pictures, beeps):
    """Sound minus picture in seconds, for each beep near a picture of a whole second.

    A picture counts if it follows the one before it: asked for a key frame, the clip's player shows the next one early.
    """
    starts = [
        t for (_, before), (t, mark) in zip(pictures, pictures[1:])
        if mark and before and mark[0] % FRAME_RATE == 0 and before == ((mark[0] - 1) % FRAMES, mark[1])
    ]
    skews = []
    for beep in beeps:
        nearest = min(starts, key=lambda t: abs(t - beep), default=None)
        if nearest is not None and abs(nearest - beep) < 0.5:
            skews.append(beep - nearest)
    return skews


def all_of(path):
    kinds = {stream["codec_type"] for stream in probe(path)["streams"]}
    pictures = pictures_of(path) if "video" in kinds else []
    beeps, sound = beeps_of(path) if "audio" in kinds else ([], 0)
    return {"pictures": pictures, "beeps": beeps, "sound": sound, "skews": skews_of(pictures, beeps), "errors": errors_of(path)}


if __name__ == "__main__":
    json.dump(all_of(sys.argv[1]), sys.stdout)
    print()
