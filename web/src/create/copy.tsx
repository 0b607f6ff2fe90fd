import { Check, Copy } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Button } from '../ui/button';

export function CopyButton({ text }: { text: string }) {
	const [copied, setCopied] = useState(false);
	useEffect(() => {
		if (!copied) return;
		const timer = setTimeout(() => setCopied(false), 2000);
		return () => clearTimeout(timer);
	}, [copied]);

	return (
		<Button
			icon={copied ? Check : Copy}
			data-testid="copy-button"
			aria-live="polite"
			onClick={async () => setCopied(await copy(text))}
		>
			{t(copied ? 'copy.copied' : 'copy.copy')}
		</Button>
	);
}

async function copy(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		// The clipboard API is missing without HTTPS and may be forbidden in an iframe.
		const field = document.createElement('textarea');
		field.value = text;
		document.body.append(field);
		field.select();
		const done = document.execCommand('copy');
		field.remove();
		return done;
	}
}
