import { useEffect, useState } from 'preact/hooks';
import { decimal, t } from '../i18n';
import type { Figures, LinkFigures, PictureFigures, SoundFigures } from '../session/figures';
import type { Visit } from '../session/visit';
import { Dialog } from '../ui/dialog';

const REFRESH_MS = 2000;

/** Bitrates and link quality in each direction; per track, why a video is no larger, and losses if there are any. */
export function ConnectionDialog({ visit, onClose }: { visit: Visit; onClose(): void }) {
	const [figures, setFigures] = useState<Figures | null>(null);
	useEffect(() => {
		let open = true;
		const refresh = async () => {
			// Without a connection, the figures stay as they are; the banner says why.
			const now = await visit.figures().catch(() => null);
			if (open && now) setFigures(now);
			if (open) timer = setTimeout(refresh, REFRESH_MS);
		};
		let timer: ReturnType<typeof setTimeout>;
		void refresh();
		return () => {
			open = false;
			clearTimeout(timer);
		};
	}, [visit]);

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
					{figures.sounds.length > 0 && <Sounds sounds={figures.sounds} />}
				</div>
			)}
		</Dialog>
	);
}

function Direction({ title, testId, link }: { title: string; testId: string; link: LinkFigures }) {
	const { bitrate, loss, roundTrip, jitter, repeated, estimate } = link;
	return (
		<section data-testid={testId}>
			<h3>{title}</h3>
			<dl class="connection-figures">
				<Figure name={t('connection.bitrate')} value={rate(bitrate)} testId={`${testId}-bitrate`} />
				<Figure name={t('connection.loss')} value={percent(loss)} testId={`${testId}-loss`} />
				{repeated !== null && (
					<Figure name={t('connection.repeated')} value={percent(repeated)} testId={`${testId}-repeated`} />
				)}
				{roundTrip !== null && (
					<Figure
						name={t('connection.roundTrip')}
						value={t('connection.ms', { number: roundTrip })}
						testId={`${testId}-rtt`}
					/>
				)}
				{jitter !== null && (
					<Figure
						name={t('connection.jitter')}
						value={t('connection.ms', { number: jitter })}
						testId={`${testId}-jitter`}
					/>
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
				{pictures.map(({ id, peerId, name, share, width, height, bitrate, loss, frozen, layer, limitedBy }) => (
					<li
						key={id}
						class="connection-track"
						data-testid="connection-picture"
						data-peer-id={peerId}
						data-limit={limitedBy ?? ''}
					>
						<span class="person-name">{share ? t('room.shareOf', { name }) : name}</span>
						<span>{layer === null ? t('connection.nothing') : `${width}×${height} · ${rate(bitrate)}`}</span>
						<Hints
							hints={[
								limitedBy && t(`connection.limit.${limitedBy}`),
								layer !== null && trouble('connection.trackLoss', loss * 100),
								trouble('connection.frozen', frozen),
							]}
						/>
					</li>
				))}
			</ul>
		</section>
	);
}

function Sounds({ sounds }: { sounds: SoundFigures[] }) {
	return (
		<section>
			<h3>{t('connection.sounds')}</h3>
			<ul>
				{sounds.map(({ id, peerId, name, share, bitrate, loss, concealed }) => (
					<li key={id} class="connection-track" data-testid="connection-sound" data-peer-id={peerId}>
						<span class="person-name">{share ? t('room.shareOf', { name }) : name}</span>
						<span>{rate(bitrate)}</span>
						<Hints
							hints={[
								trouble('connection.trackLoss', loss * 100),
								trouble('connection.concealed', concealed * 100),
							]}
						/>
					</li>
				))}
			</ul>
		</section>
	);
}

function Hints({ hints }: { hints: (string | null | false)[] }) {
	const told = hints.filter(Boolean);
	return told.length > 0 ? <span class="hint">{told.join(' · ')}</span> : null;
}

/** Null: too little to mention. */
const trouble = (key: 'connection.trackLoss' | 'connection.frozen' | 'connection.concealed', number: number) =>
	number >= 0.05 ? t(key, { number: decimal(number) }) : null;

const percent = (part: number) => t('connection.percent', { number: decimal(part * 100) });

function rate(bps: number): string {
	if (bps >= 1e6) return t('connection.mbps', { number: decimal(bps / 1e6) });
	return t('connection.kbps', { number: Math.round(bps / 1000) });
}
