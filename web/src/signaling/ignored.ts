/** Why the server ignores an attribute, for the author of the page's address. */
const REASONS: Record<string, string> = {
	'bad-value': 'its value is not one that it takes',
	'jwt-only': 'only a token may set it',
	'jwt-required': 'this account requires tokens, and a token has to say it',
	'debug-only':
		'in an address it counts only where its host is one of the account’s allowed domains (a header: with its URL), or with the account’s debug on',
	registered: 'the account has registered its own',
	'no-token': 'there is no token',
};

export const ignoredText = (name: string, reason: string) =>
	`amphi: the server ignores the attribute ${name}: ${reason}${REASONS[reason] ? ` (${REASONS[reason]})` : ''}`;
