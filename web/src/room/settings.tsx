import { LANGUAGES } from '../address/language';
import { DeviceChoice } from '../devices/choice';
import { chooseLanguage, LANGUAGE_NAMES, language, t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { ConsentSwitch } from '../recording/consent';
import { view } from '../session/view';
import type { Visit } from '../session/visit';
import { Dialog } from '../ui/dialog';
import { Choice, Switch } from '../ui/switch';
import { setTheme, THEMES, theme } from '../ui/theme';
import { useStore } from '../ui/usestore';

interface SettingsProps {
	visit: Visit;
	/** Null for viewers, who have no devices. */
	local: LocalMedia | null;
	onClose(): void;
}

export function SettingsDialog({ visit, local, onClose }: SettingsProps) {
	const { minimizeTiles, sortPeers } = useStore(view);
	const { language: current, fixed } = useStore(language);
	return (
		<Dialog title={t('settings.title')} testId="settings" onClose={onClose}>
			<div class="settings">
				<DeviceChoice local={local} />
				<ConsentSwitch visit={visit} />
				{!fixed && (
					<Choice
						label={t('settings.language')}
						testId="settings-language"
						value={current}
						options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
						onChange={(chosen) => void chooseLanguage(chosen)}
					/>
				)}
				<Choice
					label={t('settings.theme')}
					testId="settings-theme"
					value={useStore(theme).theme}
					options={THEMES.map((value) => ({ value, label: t(`settings.theme.${value}`) }))}
					onChange={setTheme}
				/>
				<Switch
					label={t('settings.sortPeers')}
					testId="settings-sort"
					on={sortPeers}
					onChange={(on) => view.update({ sortPeers: on })}
				/>
				<Switch
					label={t('settings.minimizeTiles')}
					testId="settings-minimize"
					on={minimizeTiles}
					onChange={(on) => view.update({ minimizeTiles: on })}
				/>
			</div>
		</Dialog>
	);
}
