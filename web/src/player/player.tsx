import { useId } from 'preact/hooks';
import { httpsUrl } from '../base/httpsurl';
import { t } from '../i18n';
import './player.css';

/**
 * A player on another site's page, for everyone in the room. The sandbox gives it scripts and its own origin, which players
 * require for their own servers, but no windows, no downloads and no way to navigate this page.
 */
export function Player({ url }: { url: string }) {
	const id = useId();
	const page = httpsUrl(url);
	if (!page) return null;
	// In an iframe, this page may have an embedder policy. Chromium then shows other pages only without credentials; other
	// browsers may not show them at all.
	const framed = window.parent !== window;
	const credentialless = framed && 'credentialless' in HTMLIFrameElement.prototype;
	return (
		<section class="player" aria-labelledby={id} data-testid="player">
			<h2 id={id} class="unseen">
				{t('player.title')}
			</h2>
			{framed && !credentialless && (
				<p class="player-elsewhere">
					<a href={page} target="_blank" rel="noopener" data-testid="player-elsewhere">
						{t('player.elsewhere')}
					</a>
				</p>
			)}
			<iframe
				key={page}
				{...(credentialless && { credentialless: true })}
				src={page}
				title={t('player.from', { host: new URL(page).host })}
				sandbox="allow-scripts allow-same-origin allow-presentation"
				referrerpolicy="strict-origin-when-cross-origin"
				allow="autoplay; encrypted-media; fullscreen; picture-in-picture"
			/>
		</section>
	);
}
