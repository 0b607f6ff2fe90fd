/** Seconds as on a stopwatch: 0:07, 12:34, 1:02:03. */
export function clock(seconds: number): string {
	const whole = Math.max(0, Math.floor(seconds));
	const two = (number: number) => String(number).padStart(2, '0');
	const hours = Math.floor(whole / 3600);
	const minutes = Math.floor(whole / 60) % 60;
	return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}
