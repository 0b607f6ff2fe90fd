import { said } from '../base/announcements';
import { useStore } from './usestore';

/** To be used once on a page. */
export function Announcements() {
	return (
		<div class="unseen" role="status" aria-live="polite" data-testid="announcements">
			{useStore(said).text}
		</div>
	);
}
