import { toast } from '../base/toasts';
import { t } from '../i18n';
import { hasSay } from '../session/state';
import type { Visit } from '../session/visit';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Switch } from '../ui/switch';
import { useStore } from '../ui/usestore';

const answer = (visit: Visit, consent: boolean) =>
	void visit.consent(consent).catch((error) => {
		console.warn('amphi: consent', error);
		toast({ notice: 'consent-failed', text: t('recording.failed') });
	});

/** Asks a speaker, where recordings require consent. Closed without an answer, it means no. */
export function ConsentDialog({ visit }: { visit: Visit }) {
	const state = useStore(visit.state);
	if (!state.entered || !hasSay(state) || state.consent !== 'asked') return null;
	return (
		<Dialog title={t('recording.consent')} testId="consent" onClose={() => answer(visit, false)}>
			{/* The focus is on the question: a key that was meant for something else answers nothing. */}
			<p class="consent-question" tabIndex={-1} autofocus>
				{t('recording.consentText')}
			</p>
			<p class="hint">{t('recording.consentHint')}</p>
			<div class="actions">
				<Button data-testid="consent-decline" onClick={() => answer(visit, false)}>
					{t('recording.decline')}
				</Button>
				<Button look="primary" data-testid="consent-allow" onClick={() => answer(visit, true)}>
					{t('recording.allow')}
				</Button>
			</div>
		</Dialog>
	);
}

/** In the settings, while it matters: the answer, to be changed. */
export function ConsentSwitch({ visit }: { visit: Visit }) {
	const state = useStore(visit.state);
	if (!hasSay(state)) return null;
	return (
		<Switch
			label={t('recording.mine')}
			on={state.consent === 'given'}
			testId="settings-consent"
			onChange={(on) => answer(visit, on)}
		/>
	);
}
