import type { IconNode } from 'lucide';
import { Clock, CloudOff, DoorClosed, DoorOpen, Lock, MonitorSmartphone, MonitorX, RotateCw, Unlink, Users, UserX } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { moment, t } from '../i18n';
import type { Refusal, RefusalReason } from '../signaling/refusal';
import { Button } from '../ui/button';
import { CardIcon, CardPage } from '../ui/card';

type Reason = RefusalReason | 'bad-room-id';

/** The participant cannot see the cause of these: the server's own words help with troubleshooting. */
const TECHNICAL: Reason[] = ['bad-request', 'host-unknown', 'origin-not-allowed', 'server-error'];

/** For these, the organiser's server may give a text of its own. */
const WITH_DETAIL: Reason[] = ['locked', 'access-declined'];

/** After these, trying again the same way cannot work or is not wanted. */
const FINAL: Reason[] = [
	'removed',
	'declined',
	'wrong-room-kind',
	'host-unknown',
	'origin-not-allowed',
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

/** Shows the kind of end at a glance. */
const ICONS: Partial<Record<Reason, IconNode>> = {
	replaced: MonitorSmartphone,
	removed: UserX,
	declined: UserX,
	'room-closed': DoorClosed,
	'room-full': Users,
	'speakers-full': Users,
	'viewers-full': Users,
	'not-started': Clock,
	'access-unknown': CloudOff,
	'too-many-connections': CloudOff,
	busy: CloudOff,
	'server-error': CloudOff,
	'bad-request': Unlink,
	'host-unknown': Unlink,
	'origin-not-allowed': Unlink,
	'websocket-blocked': Unlink,
	'bad-room-id': Unlink,
	'wrong-room-kind': Unlink,
	'unsupported-browser': MonitorX,
};

/** When an event begins, waiting pages join within this time, so that not all come at once. */
const START_SPREAD_MS = 5000;
/** The longest time that a browser's timer can run. */
const TIMER_MS = 2 ** 31 - 1;

export function LeftPage({ onRejoin }: { onRejoin(): void }) {
	return (
		<CardPage>
			<div data-testid="left">
				<CardIcon of={DoorOpen} />
				<h1>{t('left.title')}</h1>
				<p class="lead">{t('left.text')}</p>
			</div>
			<div class="actions">
				<Button look="primary" icon={RotateCw} data-testid="rejoin-button" onClick={() => onRejoin()}>
					{t('left.rejoin')}
				</Button>
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
	const starts = reason === 'not-started' && startTime !== undefined;
	const coming = starts && onRetry !== undefined && startTime > Date.now();
	useEffect(() => {
		if (!coming) return;
		const timer = setTimeout(onRetry, Math.min(startTime - Date.now() + Math.random() * START_SPREAD_MS, TIMER_MS));
		return () => clearTimeout(timer);
	}, [coming, startTime]);

	return (
		<CardPage>
			<div data-testid="refused" data-reason={reason} role="alert">
				<CardIcon of={ICONS[reason] ?? Lock} />
				<h1>{t(`refused.${reason}`)}</h1>
				<p class="lead">
					{starts
						? t('refused.not-started.start', { start: moment(startTime) })
						: WITH_DETAIL.includes(reason) && detail
							? detail
							: t(`refused.${reason}.text`)}
				</p>
				{coming && <p class="lead">{t('refused.not-started.stay')}</p>}
				{TECHNICAL.includes(reason) && message && <p class="hint server-message">{message}</p>}
			</div>
			{onRetry && wantsPin && <PinForm onEnter={onRetry} />}
			{onRetry && !wantsPin && !FINAL.includes(reason) && (
				<div class="actions">
					<Button look="primary" icon={RotateCw} data-testid="rejoin-button" onClick={() => onRetry()}>
						{t(reason === 'replaced' ? 'refused.replaced.retry' : 'refused.retry')}
					</Button>
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
			<Button look="primary" submit data-testid="pin-button" disabled={pin.trim().length < 4}>
				{t('pin.enter')}
			</Button>
		</form>
	);
}
