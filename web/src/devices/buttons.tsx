import { Mic, MicOff, RotateCw, Video, VideoOff, X } from 'lucide';
import { t } from '../i18n';
import type { DeviceName, LocalMedia } from '../media/local';
import { Button, IconButton } from '../ui/button';
import { useStore } from '../ui/usestore';

const LOOKS = {
	mic: { on: Mic, off: MicOff, turnOff: 'controls.micOff', turnOn: 'controls.micOn' },
	camera: { on: Video, off: VideoOff, turnOff: 'controls.cameraOff', turnOn: 'controls.cameraOn' },
} as const;

/** A toggle: pressed means that the device is on. */
function DeviceButton({ local, name }: { local: LocalMedia; name: DeviceName }) {
	const { on, pending } = useStore(local.devices)[name];
	const looks = LOOKS[name];
	return (
		<IconButton
			look="bar"
			class="device-button"
			icon={on ? looks.on : looks.off}
			label={t(`controls.${name}`)}
			title={t(on ? looks.turnOff : looks.turnOn)}
			pressed={on}
			aria-busy={pending}
			data-testid={`${name}-button`}
			onClick={() => void local.turn(name, !on)}
		/>
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

interface ProblemsProps {
	local: LocalMedia;
	/** Offers to try again. */
	retry?: boolean;
}

/** Why devices do not work, until the participant dismisses it. */
export function DeviceProblems({ local, retry }: ProblemsProps) {
	const { mic, camera } = useStore(local.devices);
	if (!mic.problem && !camera.problem) return null;
	// The same cause is shown only once.
	const both = mic.problem !== null && mic.problem === camera.problem;
	return (
		<div class="notice" role="status" data-testid="device-problem">
			<div>
				{both && <p>{t(`problem.both.${mic.problem!}`)}</p>}
				{!both && mic.problem && <p>{t(`problem.mic.${mic.problem}`)}</p>}
				{!both && camera.problem && <p>{t(`problem.camera.${camera.problem}`)}</p>}
				{retry && (
					<Button
						small
						icon={RotateCw}
						data-testid="device-retry"
						onClick={() => void local.start({ mic: mic.problem !== null, camera: camera.problem !== null })}
					>
						{t('problem.retry')}
					</Button>
				)}
			</div>
			<IconButton icon={X} label={t('problem.dismiss')} onClick={() => local.dismissProblems()} />
		</div>
	);
}
