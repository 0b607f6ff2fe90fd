import { t } from '../i18n';
import type { Meeting } from '../session/meeting';
import { CardPage } from '../ui/card';
import { useStore } from '../ui/usestore';

/** Replaces the welcome screen until the embedding page joins. */
export function AwaitingPage({ meeting }: { meeting: Meeting }) {
	const { failed } = useStore(meeting.state);
	return (
		<CardPage>
			<div class="waiting" data-testid="awaiting" role="status">
				<span class="pulse" aria-hidden="true" />
				<h1>{t('awaiting.title')}</h1>
				{failed && <p class="error">{t('welcome.failed')}</p>}
			</div>
		</CardPage>
	);
}
