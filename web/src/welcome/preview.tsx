import { VideoOff } from 'lucide';
import { DeviceButtons } from '../devices/buttons';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { Video } from '../tiles/video';
import { Icon } from '../ui/icon';
import { useStore } from '../ui/usestore';

/** Shows what the others will see. */
export function Preview({ local }: { local: LocalMedia }) {
	const { camera } = useStore(local.devices);
	return (
		<section class="preview" aria-label={t('welcome.preview')}>
			{camera.track ? (
				<Video track={camera.track} mirrored label={t('welcome.preview')} />
			) : (
				<p class="preview-off">
					{!camera.pending && <Icon of={VideoOff} />}
					{t(camera.pending ? 'welcome.cameraStarting' : 'welcome.cameraOff')}
				</p>
			)}
			<div class="preview-controls">
				<DeviceButtons local={local} />
			</div>
		</section>
	);
}
