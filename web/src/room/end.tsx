import { useState } from 'preact/hooks';
import { moment, t } from '../i18n';
import type { Refusal, RefusalReason } from '../signaling/refusal';
import { CardPage } from '../ui/card';

type Reason = RefusalReason | 'bad-room-id';

/** These have no cause the participant could see: the server's own words help whoever looks into it. */
const TECHNICAL: Reason[] = ['bad-request', 'server-error'];

/** Here the organiser's server may have something to say. */
const WITH_DETAIL: Reason[] = ['locked', 'access-declined'];

/** After these, coming back the same way cannot work or is not wanted. */
const FINAL: Reason[] = [
	'removed',
	'declined',
	'wrong-room-kind',
	'token-missing',
	'token-invalid',
	'token-expired',
	'token-used-up',
	'token-wrong-room',
	'peer-id-taken',
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
					<button type="button" class="button primary" data-testid="rejoin-button" onClick={() => onRejoin()}>
						{t('left.rejoin')}
					</button>
				</div>
			</div>
		</CardPage>
	);
}

interface RefusedProps extends Partial<Omit<Refusal, 'reason'>> {
	reason: Reason;
	onRetry?: (pin?: string) => void;
}

export function RefusedPage({ reason, message, detail, startTime, onRetry }: RefusedProps) {
	const wantsPin = reason === 'pin-required' || reason === 'pin-wrong';
	return (
		<CardPage>
			<div data-testid="refused" data-reason={reason} role="alert">
				<h1>{t(`refused.${reason}`)}</h1>
				<p class="lead">
					{reason === 'not-started' && startTime
						? t('refused.not-started.start', { start: moment(startTime) })
						: WITH_DETAIL.includes(reason) && detail
							? detail
							: t(`refused.${reason}.text`)}
				</p>
				{TECHNICAL.includes(reason) && message && <p class="hint server-message">{message}</p>}
			</div>
			{onRetry && wantsPin && <PinForm onEnter={onRetry} />}
			{onRetry && !wantsPin && !FINAL.includes(reason) && (
				<div class="actions">
					<button type="button" class="button primary" data-testid="rejoin-button" onClick={() => onRetry()}>
						{t(reason === 'replaced' ? 'refused.replaced.retry' : 'refused.retry')}
					</button>
				</div>
			)}
		</CardPage>
	);
}

function PinForm({ onEnter }: { onEnter(pin: string): void }) {
	const [pin, setPin] = useState('');
	return (
		<form
			class="pin-form"
			onSubmit={(event) => {
				event.preventDefault();
				onEnter(pin.trim());
			}}
		>
			<label class="label" for="pin">
				{t('pin.label')}
			</label>
			<input
				id="pin"
				class="field"
				data-testid="pin-input"
				value={pin}
				maxLength={16}
				autocomplete="one-time-code"
				autofocus
				onInput={(event) => setPin(event.currentTarget.value)}
			/>
			<button type="submit" class="button primary" data-testid="pin-button" disabled={pin.trim().length < 4}>
				{t('pin.enter')}
			</button>
		</form>
	);
}
