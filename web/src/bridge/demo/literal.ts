/** A value as written in JavaScript, without the bytes of pictures. */
export function literal(value: unknown): string {
	if (typeof value === 'string') {
		const text = value.length > 160 ? `${value.slice(0, 60)}…` : value;
		return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
	}
	if (typeof value !== 'object' || value === null) return String(value);
	const fields = Object.entries(value).map(([name, field]) => `${name}: ${literal(field)}`);
	return fields.length > 0 ? `{ ${fields.join(', ')} }` : '{}';
}
