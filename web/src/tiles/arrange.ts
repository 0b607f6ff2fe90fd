import { type Arrangement, gridLayout, pairLayout, screenLayout, type Size, stageLayout } from './layout';
import { placeOwn, type TileName } from './order';

interface Picture extends Arrangement {
	/** In the order of the rects. */
	tiles: TileName[];
	/** stage: the first is large and stays in place while the others scroll. pair: the second lies on top of the first. */
	kind: 'grid' | 'stage' | 'pair';
}

/** Everything that the stage shows, with its position. */
export function arrange(others: TileName[], own: TileName | null, large: TileName | null, box: Size, minimize: boolean): Picture {
	const all = own ? [...others, own] : others;
	if (large) {
		// In the strip the own tile comes first: it is visible without scrolling.
		const strip = [...(own ? [own] : []), ...others].filter(({ key }) => key !== large.key);
		if (!large.share && strip.length === 1) return { kind: 'pair', tiles: [large, ...strip], ...pairLayout(box) };
		const layout = large.share ? screenLayout : stageLayout;
		return { kind: 'stage', tiles: [large, ...strip], ...layout(all.length, box, minimize) };
	}
	if (own && others.length === 1 && !others[0]!.share) return { kind: 'pair', tiles: all, ...pairLayout(box) };
	const grid = gridLayout(all.length, box, minimize);
	return { kind: 'grid', tiles: own ? placeOwn(others, own, grid.seen) : others, ...grid };
}
