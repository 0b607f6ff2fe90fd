import type { IconNode } from 'lucide';

/** A ring with a disc in it, as on recorders; lucide draws no filled shapes. */
export const Record: IconNode = [
	['circle', { cx: 12, cy: 12, r: 9.5 }],
	['circle', { cx: 12, cy: 12, r: 5, fill: 'currentColor', stroke: 'none' }],
];
