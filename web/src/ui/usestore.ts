import { useEffect, useState } from 'preact/hooks';
import type { Store } from '../base/store';

/** The store's value; components that use it are drawn again when it changes. */
export function useStore<T extends object>(store: Store<T>): T {
	const [value, setValue] = useState(store.value);
	useEffect(() => {
		const refresh = () => setValue(store.value);
		refresh();
		return store.subscribe(refresh);
	}, [store]);
	return value;
}
