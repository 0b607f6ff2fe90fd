import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Dialog } from '../ui/dialog';
import type { Figures, LinkFigures, PictureFigures } from './figures';
import type { Room } from './room';

const REFRESH_MS = 2000;

/** How much comes and goes, how well, and why a picture is no larger. */
export function ConnectionDialog({ room, onClose }: { room: Room; onClose(): void }) {
	const [figures, setFigures] = useState<Figures | null>(null);
	useEffect(() => {
		let open = true;
		const refresh = async () => {
			// Without a connection the banner says so, and the figures stay as they are.
			const now = await room.figures().catch(() => null);
			if (open && now) setFigures(now);
			if (open) timer = setTimeout(refresh, REFRESH_MS);
		};
		let timer: ReturnType<typeof setTimeout>;
		void refresh();
		return () => {
			open = false;
			clearTimeout(timer);
		};
	}, [room]);

	return (
		<Dialog title={t('connection.title')} testId="connection" onClose={onClose}>
			{!figures ? (
				<p class="hint">{t('connection.measuring')}</p>
			) : (
				<div class="connection">
					{figures.receiving && (
						<Direction title={t('connection.receiving')} testId="connection-receiving" link={figures.receiving} />
					)}
					{figures.sending && (
						<Direction title={t('connection.sending')} testId="connection-sending" link={figures.sending} />
					)}
					{figures.pictures.length > 0 && <Pictures pictures={figures.pictures} />}
				</div>
			)}
		</Dialog>
	);
}

function Direction({ title, testId, link }: { title: string; testId: string; link: LinkFigures }) {
	const { bitrate, loss, roundTrip, estimate } = link;
	return (
		<section data-testid={testId}>
			<h3>{title}</h3>
			<dl class="connection-figures">
				<Figure name={t('connection.bitrate')} value={rate(bitrate)} testId={`${testId}-bitrate`} />
				<Figure name={t('connection.loss')} value={t('connection.percent', { number: percent(loss) })} testId={`${testId}-loss`} />
				{roundTrip !== null && (
					<Figure name={t('connection.roundTrip')} value={t('connection.ms', { number: roundTrip })} testId={`${testId}-rtt`} />
				)}
				{estimate !== null && (
					<Figure name={t('connection.estimate')} value={rate(estimate)} testId={`${testId}-estimate`} />
				)}
			</dl>
		</section>
	);
}

function Figure({ name, value, testId }: { name: string; value: string; testId: string }) {
	return (
		<div>
			<dt>{name}</dt>
			<dd data-testid={testId}>{value}</dd>
		</div>
	);
}

function Pictures({ pictures }: { pictures: PictureFigures[] }) {
	return (
		<section>
			<h3>{t('connection.pictures')}</h3>
			<ul>
				{pictures.map(({ id, peerId, name, share, width, height, bitrate, layer, limitedBy }) => (
					<li key={id} class="connection-picture" data-testid="connection-picture" data-peer-id={peerId} data-limit={limitedBy ?? ''}>
						<span class="person-name">{share ? t('room.shareOf', { name }) : name}</span>
						<span>
							{layer === null ? t('connection.nothing') : `${width}×${height} · ${rate(bitrate)}`}
							{limitedBy && <span class="hint"> {t(`connection.limit.${limitedBy}`)}</span>}
						</span>
					</li>
				))}
			</ul>
		</section>
	);
}

const percent = (share: number) => Math.round(share * 1000) / 10;

function rate(bps: number): string {
	if (bps >= 1e6) return t('connection.mbps', { number: Math.round(bps / 1e5) / 10 });
	return t('connection.kbps', { number: Math.round(bps / 1000) });
}
