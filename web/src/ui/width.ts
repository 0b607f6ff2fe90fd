import { useEffect, useState } from 'preact/hooks';

/** A phone held upright, or a small iframe: the bar has room for a few buttons. The style sheets have the same number. */
const NARROW = matchMedia('(max-width: 640px)');
/** The bar has room for everything but what only a few people use. */
const CROWDED = matchMedia('(max-width: 760px)');

export const useNarrow = () => useMatch(NARROW);
export const useCrowded = () => useMatch(CROWDED);

function useMatch(query: MediaQueryList): boolean {
	const [matches, setMatches] = useState(query.matches);
	useEffect(() => {
		const changed = () => setMatches(query.matches);
		query.addEventListener('change', changed);
		return () => query.removeEventListener('change', changed);
	}, [query]);
	return matches;
}
