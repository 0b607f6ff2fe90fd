import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { tileSize } from './layout';

const GAP = 8;

/** Makes the tiles as large as they fit. */
export function TileGrid({ count, children }: { count: number; children: ComponentChildren }) {
	const element = useRef<HTMLDivElement>(null);
	const [box, setBox] = useState({ width: 0, height: 0 });

	useLayoutEffect(() => {
		const observer = new ResizeObserver(([entry]) => {
			const { width, height } = entry!.contentRect;
			setBox({ width, height });
		});
		observer.observe(element.current!);
		return () => observer.disconnect();
	}, []);

	const { width, height } = tileSize(count, box, GAP);
	return (
		<div class="grid-box" ref={element}>
			<div
				class="grid"
				style={{ gap: `${GAP}px`, '--tile-width': `${width}px`, '--tile-height': `${height}px` }}
			>
				{children}
			</div>
		</div>
	);
}
