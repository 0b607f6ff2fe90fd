import { t } from '../i18n';
import type { RefusalReason } from '../signaling/refusal';
import { CardPage } from '../ui/card';

type Reason = RefusalReason | 'bad-room-id';

/** These have no cause the participant could see: the server's own words help whoever looks into it. */
const TECHNICAL: Reason[] = ['bad-request', 'server-error'];

/** After these, coming back the same way cannot work or is not wanted. */
const FINAL: Reason[] = [
	'removed',
	'wrong-room-kind',
	'bad-request',
	'unsupported-browser',
	'bad-room-id',
];

export function LeftPage({ onRejoin }: { onRejoin(): void }) {
	return (
		<CardPage>
			<div data-testid="left">
				<h1>{t('left.title')}</h1>
				<p class="lead">{t('left.text')}</p>
				<div class="actions">
					<button type="button" class="button primary" data-testid="rejoin-button" onClick={onRejoin}>
						{t('left.rejoin')}
					</button>
				</div>
			</div>
		</CardPage>
	);
}

interface RefusedProps {
	reason: Reason;
	/** The server's own words, in English. */
	message?: string;
	onRetry?: () => void;
}

export function RefusedPage({ reason, message, onRetry }: RefusedProps) {
	return (
		<CardPage>
			<div data-testid="refused" data-reason={reason} role="alert">
				<h1>{t(`refused.${reason}`)}</h1>
				<p class="lead">{t(`refused.${reason}.text`)}</p>
				{TECHNICAL.includes(reason) && message && <p class="hint server-message">{message}</p>}
				{onRetry && !FINAL.includes(reason) && (
					<div class="actions">
						<button type="button" class="button primary" data-testid="rejoin-button" onClick={onRetry}>
							{t(reason === 'replaced' ? 'refused.replaced.retry' : 'refused.retry')}
						</button>
					</div>
				)}
			</div>
		</CardPage>
	);
}
