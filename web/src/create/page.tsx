import { Link, Video } from 'lucide';
import { useState } from 'preact/hooks';
import { freshRoomId } from '../address/roomid';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { CardIcon, CardPage } from '../ui/card';
import { CopyButton } from './copy';

export function CreatePage() {
	const [url, setUrl] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const [failed, setFailed] = useState(false);

	const create = async () => {
		setBusy(true);
		setFailed(false);
		try {
			setUrl(`${location.origin}/call/?roomId=${await freshRoomId()}`);
		} catch (error) {
			console.error('amphi: no room id', error);
			setFailed(true);
		}
		setBusy(false);
	};

	return (
		<CardPage>
			<CardIcon of={url ? Link : Video} />
			<h1>{t(url ? 'create.ready' : 'create.title')}</h1>
			{url ? (
				<>
					<p class="label" id="room-url-label">
						{t('create.link')}
					</p>
					<div class="copy-row">
						<code class="room-url" data-testid="room-url" aria-labelledby="room-url-label">
							{url}
						</code>
						<CopyButton text={url} />
					</div>
					<div class="actions">
						<a class="button primary" data-testid="enter-button" href={url}>
							{t('create.join')}
						</a>
						<Button data-testid="create-button" disabled={busy} onClick={create}>
							{t('create.another')}
						</Button>
					</div>
				</>
			) : (
				<>
					<p class="lead">{t('create.text')}</p>
					<div class="actions">
						<Button look="primary" data-testid="create-button" disabled={busy} onClick={create}>
							{t('create.button')}
						</Button>
					</div>
				</>
			)}
			{failed && (
				<p class="error" role="alert">
					{t('create.failed')}
				</p>
			)}
		</CardPage>
	);
}
