import { MethodError } from './answer';

const BIT_S_FROM = 10_000;
const KBIT_S_MIN = 10;

/** What setBitrate means, in bit/s: anybody who passes 300 means kbit/s. Null: no limit. */
export function bitrate(wish: number): number | null {
	if (wish === 0) return null;
	if (wish < KBIT_S_MIN)
		throw new MethodError('bad-data', 'This takes 10 to 9999 kbit/s, or bit/s from 10000 on; 0 takes the limit away.');
	return Math.round(wish < BIT_S_FROM ? wish * 1000 : wish);
}
