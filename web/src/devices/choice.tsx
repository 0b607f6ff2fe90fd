import { useEffect, useId } from 'preact/hooks';
import { t } from '../i18n';
import { deviceList, type DeviceKind, refreshDevices, watchDevices } from '../media/devicelist';
import type { LocalMedia } from '../media/local';
import { canChooseSpeaker, chooseSpeaker, playback } from '../media/playback';
import { useStore } from '../ui/usestore';
import { LevelMeter } from './level';
import { SpeakerTest } from './speakertest';
import './devices.css';

/** Which camera, microphone and speaker, and whether they work; viewers have only the last. */
export function DeviceChoice({ local }: { local: LocalMedia | null }) {
	useEffect(watchDevices, []);
	return (
		<div class="devices">
			{local && <OwnDevices local={local} />}
			<Speaker />
		</div>
	);
}

function OwnDevices({ local }: { local: LocalMedia }) {
	const { mic, camera } = useStore(local.devices);
	// Names are known once a device was allowed.
	useEffect(() => void refreshDevices(), [mic.track, camera.track]);
	const inUse = (device: typeof mic) => device.track?.getSettings().deviceId ?? device.wanted;
	return (
		<>
			<div class="device">
				<DeviceSelect kind="mic" value={inUse(mic)} onChoose={(id) => void local.choose('mic', id)} />
				<LevelMeter track={mic.on ? mic.track : null} label={t('devices.level')} />
			</div>
			<DeviceSelect kind="camera" value={inUse(camera)} onChoose={(id) => void local.choose('camera', id)} />
		</>
	);
}

function Speaker() {
	const { speaker } = useStore(playback);
	return (
		<div class="device">
			{canChooseSpeaker && <DeviceSelect kind="speaker" value={speaker ?? 'default'} onChoose={chooseSpeaker} />}
			<SpeakerTest />
		</div>
	);
}

interface DeviceSelectProps {
	kind: DeviceKind;
	value: string | null;
	onChoose(id: string): void;
}

function DeviceSelect({ kind, value, onChoose }: DeviceSelectProps) {
	const id = useId();
	const list = useStore(deviceList)[kind];
	const known = list.some((device) => device.id === value);
	return (
		<div class="device-select">
			<label class="label" for={id}>
				{t(`devices.${kind}`)}
			</label>
			<select
				id={id}
				class="field"
				data-testid={`${kind}-select`}
				disabled={list.length === 0}
				onChange={(event) => onChoose(event.currentTarget.value)}
			>
				{!known && (
					<option value="" selected disabled>
						{t(list.length === 0 ? 'devices.none' : 'devices.system')}
					</option>
				)}
				{list.map((device, i) => (
					<option key={device.id} value={device.id} selected={device.id === value}>
						{device.label || `${t(`devices.${kind}`)} ${i + 1}`}
					</option>
				))}
			</select>
		</div>
	);
}
