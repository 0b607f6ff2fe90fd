interface SwitchProps {
	label: string;
	on: boolean;
	testId: string;
	onChange(on: boolean): void;
}

/** A setting that is on or off, and takes effect at once. */
export function Switch({ label, on, testId, onChange }: SwitchProps) {
	return (
		<label class="switch">
			<span>{label}</span>
			<input
				type="checkbox"
				role="switch"
				checked={on}
				data-testid={testId}
				onChange={(event) => onChange(event.currentTarget.checked)}
			/>
		</label>
	);
}

interface ChoiceProps<T extends string> {
	label: string;
	value: T;
	options: { value: T; label: string }[];
	testId: string;
	onChange(value: T): void;
}

/** One of a few. */
export function Choice<T extends string>({ label, value, options, testId, onChange }: ChoiceProps<T>) {
	return (
		<label class="choice">
			<span class="label">{label}</span>
			<select
				class="field"
				data-testid={testId}
				value={value}
				onChange={(event) => onChange(event.currentTarget.value as T)}
			>
				{options.map((option) => (
					<option key={option.value} value={option.value}>
						{option.label}
					</option>
				))}
			</select>
		</label>
	);
}
