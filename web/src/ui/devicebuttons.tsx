import type { DeviceName, LocalMedia } from '../media/local';
import { t } from '../i18n';
import { CameraIcon, CloseIcon, MicIcon } from './icons';
import { useStore } from './store';

const TITLES = {
	mic: { on: 'controls.micOff', off: 'controls.micOn' },
	camera: { on: 'controls.cameraOff', off: 'controls.cameraOn' },
} as const;

/** A toggle: pressed means that the device is on. */
function DeviceButton({ local, name }: { local: LocalMedia; name: DeviceName }) {
	const { on, pending } = useStore(local.devices)[name];
	const Icon = name === 'mic' ? MicIcon : CameraIcon;
	return (
		<button
			type="button"
			class="round-button device-button"
			data-testid={`${name}-button`}
			aria-pressed={on}
			aria-busy={pending}
			aria-label={t(`controls.${name}`)}
			title={t(on ? TITLES[name].on : TITLES[name].off)}
			onClick={() => void local.turn(name, !on)}
		>
			<Icon off={!on} />
		</button>
	);
}

export function DeviceButtons({ local }: { local: LocalMedia }) {
	return (
		<>
			<DeviceButton local={local} name="mic" />
			<DeviceButton local={local} name="camera" />
		</>
	);
}

/** Why a device does not work, until the participant dismisses it. */
export function DeviceProblems({ local }: { local: LocalMedia }) {
	const { mic, camera } = useStore(local.devices);
	if (!mic.problem && !camera.problem) return null;
	return (
		<div class="notice" role="status" data-testid="device-problem">
			<div>
				{mic.problem && <p>{t(`problem.mic.${mic.problem}`)}</p>}
				{camera.problem && <p>{t(`problem.camera.${camera.problem}`)}</p>}
			</div>
			<button
				type="button"
				class="plain-button"
				aria-label={t('problem.dismiss')}
				title={t('problem.dismiss')}
				onClick={() => local.dismissProblems()}
			>
				<CloseIcon />
			</button>
		</div>
	);
}
