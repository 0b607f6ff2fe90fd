import type { Language } from '../address/attributes';
import { chooseLanguage, language, LANGUAGES, t } from '../i18n';
import { useStore } from './usestore';

/** Each language under its own name; nothing if the address has fixed the language. */
export function LanguageSwitch() {
	const { language: current, fixed } = useStore(language);
	if (fixed) return null;
	return (
		<div class="languages" role="group" aria-label={t('language.label')}>
			{(Object.keys(LANGUAGES) as Language[]).map((code) => (
				<button
					key={code}
					type="button"
					class="language"
					lang={code}
					aria-pressed={code === current}
					data-testid={`language-${code}`}
					onClick={() => void chooseLanguage(code)}
				>
					{LANGUAGES[code]}
				</button>
			))}
		</div>
	);
}
