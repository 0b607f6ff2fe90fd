import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Shown, Sight } from '../media/sight';
import { arrange } from './arrange';
import type { Rect, Size } from './layout';
import type { TileName } from './order';

interface StageProps {
	/** All tiles but the own one. */
	others: TileName[];
	own: TileName | null;
	/** The one to show large. */
	large: TileName | null;
	minimize: boolean;
	sight: Sight;
	children(tile: TileName): ComponentChildren;
}

/** While the window is resized, tiles follow at once instead of sliding after it. */
const RESIZED_MS = 200;

/** Places and moves the tiles, and reports which ones are visible. */
export function Stage({ others, own, large, minimize, sight, children }: StageProps) {
	const element = useRef<HTMLDivElement>(null);
	const { box, resizing } = useBox(element);
	const { kind, tiles, rects, content } = arrange(others, own, large, box, minimize);
	const watch = useSight(sight);

	return (
		<div class="stage-box" ref={element} data-testid="stage" data-kind={kind} tabIndex={scrolls(content, box) ? 0 : -1}>
			<div
				class={resizing ? 'places resizing' : 'places'}
				style={{ width: `${content.width}px`, height: `${content.height}px` }}
			>
				{tiles.map((tile, i) => (
					<Place
						key={tile.key}
						tile={tile}
						rect={rects[i]!}
						stays={kind === 'stage' && i === 0}
						above={kind === 'pair' && i === 1}
						covered={kind === 'pair' && i === 0 ? content.width - rects[1]!.x : 0}
						watch={watch}
					>
						{children(tile)}
					</Place>
				))}
			</div>
		</div>
	);
}

const scrolls = (content: Size, box: Size) => content.width > box.width || content.height > box.height;

function useBox(element: { current: HTMLElement | null }) {
	const [box, setBox] = useState<Size>({ width: 0, height: 0 });
	const [resizing, setResizing] = useState(true);
	useLayoutEffect(() => {
		let timer: ReturnType<typeof setTimeout>;
		const observer = new ResizeObserver(([entry]) => {
			const { width, height } = entry!.contentRect;
			setBox({ width: Math.floor(width), height: Math.floor(height) });
			setResizing(true);
			clearTimeout(timer);
			timer = setTimeout(() => setResizing(false), RESIZED_MS);
		});
		observer.observe(element.current!);
		return () => {
			observer.disconnect();
			clearTimeout(timer);
		};
	}, []);
	return { box, resizing };
}

type Watch = (key: string, element: HTMLElement, size: Shown) => () => void;

/** A page out of sight for this long gets no video; a glance elsewhere costs nothing. */
const HIDDEN_MS = 10_000;

/** Reports each tile's size and whether any part of it is visible, not scrolled away, outside an iframe's view or hidden. */
function useSight(sight: Sight): Watch {
	const watched = useMemo(() => new Map<Element, { key: string; size: Shown; inView: boolean }>(), []);
	const hidden = useRef(false);

	const tell = (element: Element) => {
		const place = watched.get(element);
		if (place) sight.set(place.key, place.inView && !hidden.current ? place.size : null);
	};
	const observer = useMemo(
		() =>
			new IntersectionObserver((entries) => {
				for (const { target, isIntersecting } of entries) {
					const place = watched.get(target);
					if (place) place.inView = isIntersecting;
					tell(target);
				}
			}),
		[sight],
	);

	useEffect(() => {
		let timer: ReturnType<typeof setTimeout>;
		const set = (value: boolean) => {
			hidden.current = value;
			for (const element of watched.keys()) tell(element);
		};
		const changed = () => {
			clearTimeout(timer);
			if (document.visibilityState === 'hidden') timer = setTimeout(() => set(true), HIDDEN_MS);
			else if (hidden.current) set(false);
		};
		document.addEventListener('visibilitychange', changed);
		return () => {
			document.removeEventListener('visibilitychange', changed);
			clearTimeout(timer);
			observer.disconnect();
		};
	}, [observer]);

	return useMemo(
		() => (key, element, size) => {
			const known = watched.get(element);
			watched.set(element, { key, size, inView: known?.inView ?? false });
			if (known) tell(element);
			else observer.observe(element);
			return () => {
				observer.unobserve(element);
				watched.delete(element);
				sight.set(key, undefined);
			};
		},
		[observer],
	);
}

interface PlaceProps {
	tile: TileName;
	rect: Rect;
	/** While the others scroll. */
	stays: boolean;
	/** Over another tile. */
	above: boolean;
	/** How much of it, from the right, is covered by another tile. */
	covered: number;
	watch: Watch;
	children: ComponentChildren;
}

function Place({ tile, rect, stays, above, covered, watch, children }: PlaceProps) {
	const element = useRef<HTMLDivElement>(null);
	const gone = useRef(() => {});
	const { x, y, width, height } = rect;
	useEffect(() => {
		if (!tile.local) gone.current = watch(tile.key, element.current!, { width, height });
	}, [watch, width, height]);
	useEffect(() => () => gone.current(), []);
	return (
		<div
			ref={element}
			class={`place${stays ? ' stays' : ''}${above ? ' above' : ''}`}
			style={{
				transform: `translate(${x}px, ${y}px)`,
				width: `${width}px`,
				height: `${height}px`,
				'--covered': `${covered}px`,
			}}
		>
			{children}
		</div>
	);
}
