import { useId, useState } from 'preact/hooks';
import { httpsUrl } from '../base/httpsurl';
import { t } from '../i18n';
import type { Visit } from '../session/visit';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { useStore } from '../ui/usestore';

/** Lets a moderator choose what everyone watches. */
export function PlayerDialog({ visit, onClose }: { visit: Visit; onClose(): void }) {
	const { video } = useStore(visit.state).info;
	const [url, setUrl] = useState(video ?? '');
	const [failed, setFailed] = useState(false);
	const id = useId();
	const page = httpsUrl(url.trim());

	const set = async (url: string | null) => {
		try {
			await visit.setVideo(url);
			onClose();
		} catch (error) {
			console.warn('amphi: joint viewing', error);
			setFailed(true);
		}
	};

	return (
		<Dialog title={t('player.title')} testId="player-dialog" onClose={onClose}>
			<form
				onSubmit={(event) => {
					event.preventDefault();
					if (page) void set(page);
				}}
			>
				<label class="label" for={id}>
					{t('player.url')}
				</label>
				<input
					id={id}
					class="field"
					type="url"
					data-testid="player-url"
					placeholder="https://"
					value={url}
					onInput={(event) => setUrl(event.currentTarget.value)}
				/>
				{failed && (
					<p class="error" role="alert">
						{t('player.failed')}
					</p>
				)}
				<div class="actions">
					<Button look="primary" submit disabled={!page} data-testid="player-start">
						{t('player.start')}
					</Button>
					{video && (
						<Button data-testid="player-stop" onClick={() => void set(null)}>
							{t('player.stop')}
						</Button>
					)}
				</div>
			</form>
		</Dialog>
	);
}
