import { LANGUAGES } from '../address/language';
import { chooseLanguage, language, LANGUAGE_NAMES, t } from '../i18n';
import { useStore } from './usestore';

/** Offers each language under its own name, unless the page's address has fixed one. */
export function LanguageSwitch() {
	const { language: current, fixed } = useStore(language);
	if (fixed) return null;
	return (
		<div class="languages" role="group" aria-label={t('language.label')}>
			{LANGUAGES.map((code) => (
				<button
					key={code}
					type="button"
					class="language"
					lang={code}
					aria-pressed={code === current}
					data-testid={`language-${code}`}
					onClick={() => void chooseLanguage(code)}
				>
					{LANGUAGE_NAMES[code]}
				</button>
			))}
		</div>
	);
}
