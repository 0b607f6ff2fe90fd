import { useState } from 'preact/hooks';
import { Button } from '../../ui/button';
import { useStore } from '../../ui/usestore';
import type { Methods } from '../package/index';
import { type Input, METHODS } from './catalogue';
import { literal } from './literal';
import { call, demo, isFailure } from './session';
import { say, TEXTS } from './texts';

const DEVICE_KEYS = ['audio', 'video'] as const;

/** The initial data of a method. */
function initial(input: Input): unknown {
	switch (input.kind) {
		case 'text':
		case 'number':
		case 'truth':
			return input.value;
		case 'choice':
			return input.values[0];
		case 'constraints':
			return { constraints: { audio: true, video: true } };
		case 'device':
			return { constraints: { video: { label: '' } } };
		case 'track':
			return { userPeerId: '', kind: 'audio' };
		default:
			return undefined;
	}
}

/** One method: what it does, its data, and what it answers. */
export function Method({ name }: { name: keyof Methods }) {
	const { input, text } = METHODS[name];
	const { peers } = useStore(demo);
	const [chosen, choose] = useState(() => initial(input));
	const [answer, setAnswer] = useState<unknown>(undefined);
	const [running, setRunning] = useState(false);
	const first = [...peers.keys()].at(-1) ?? '';
	const data = withPeer(chosen, input, (id) => (peers.has(id) ? id : first));

	const run = async () => {
		setRunning(true);
		setAnswer(await call(name, data));
		setRunning(false);
	};

	return (
		<article class="method" data-testid={`method-${name}`}>
			<div class="method-head">
				<h3 id={`method-${name}`}>
					<code>{name}</code>
				</h3>
				<Button
					small
					look="primary"
					disabled={running}
					data-testid={`call-${name}`}
					aria-describedby={`method-${name}`}
					onClick={run}
				>
					{say(running ? TEXTS.running : TEXTS.run)}
				</Button>
			</div>
			<p class="hint">{say(text)}</p>
			<Control name={name} input={input} data={data} onChange={choose} />
			<pre class="code">{snippet(name, data)}</pre>
			{answer !== undefined && <Answer answer={answer} />}
		</article>
	);
}

/** The data, with the id of a participant who is in the room. */
function withPeer(data: unknown, input: Input, present: (id: string) => string): unknown {
	if (input.kind === 'peer') return present(data as string);
	if (input.kind !== 'track') return data;
	const track = data as { userPeerId: string; kind: string };
	return { ...track, userPeerId: present(track.userPeerId) };
}

function snippet(name: string, data: unknown): string {
	const more = data === undefined ? '' : `, data: ${literal(data)}`;
	return `bridge.method({ name: '${name}'${more} })`;
}

function Answer({ answer }: { answer: unknown }) {
	const failed = isFailure(answer);
	if (typeof answer === 'string' && answer.startsWith('data:image/'))
		return <img class="answer-image" data-testid="answer" src={answer} alt={say(TEXTS.result)} />;
	return (
		<pre
			class={failed ? 'code answer failed' : 'code answer'}
			data-testid="answer"
			role="status"
			aria-label={say(TEXTS.result)}
		>
			{literal(answer)}
		</pre>
	);
}

interface ControlProps {
	name: string;
	input: Input;
	data: unknown;
	onChange(data: unknown): void;
}

function Control({ name, input, data, onChange }: ControlProps) {
	const label = `${name}: ${say(TEXTS.data)}`;
	switch (input.kind) {
		case 'none':
			return null;
		case 'text':
			return (
				<input
					class="field"
					aria-label={label}
					value={String(data)}
					onInput={({ currentTarget }) => onChange(currentTarget.value)}
				/>
			);
		case 'number':
			return (
				<div class="range">
					<input
						type="range"
						aria-label={label}
						min={input.min}
						max={input.max}
						step={input.step}
						value={Number(data)}
						onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
					/>
					<output>{String(data)}</output>
				</div>
			);
		case 'truth':
			return <Check label={String(data)} name={label} checked={data === true} onChange={onChange} />;
		case 'choice':
			return (
				<Choice
					label={label}
					value={String(data)}
					values={input.values.map((value) => [value, value])}
					onChange={onChange}
				/>
			);
		case 'peer':
			return <PeerChoice value={String(data)} onChange={onChange} />;
		case 'constraints':
			return <Constraints data={data as ConstraintsData} onChange={onChange} />;
		case 'device':
			return <Device data={data as DeviceData} onChange={onChange} />;
		case 'track':
			return <Track data={data as { userPeerId: string; kind: string }} onChange={onChange} />;
	}
}

interface ConstraintsData {
	constraints: { audio: boolean; video: boolean };
}

function Constraints({ data: { constraints }, onChange }: { data: ConstraintsData; onChange(data: unknown): void }) {
	return (
		<div class="row">
			{DEVICE_KEYS.map((key) => (
				<Check
					key={key}
					label={say(key === 'audio' ? TEXTS.microphone : TEXTS.camera)}
					checked={constraints[key]}
					onChange={(on) => onChange({ constraints: { ...constraints, [key]: on } })}
				/>
			))}
		</div>
	);
}

interface DeviceData {
	constraints: { audio?: { label: string }; video?: { label: string } };
}

function Device({ data: { constraints }, onChange }: { data: DeviceData; onChange(data: unknown): void }) {
	const key = constraints.audio ? 'audio' : 'video';
	const { label } = constraints[key]!;
	const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
	return (
		<div class="row">
			<Choice
				label={say(TEXTS.data)}
				value={key}
				values={[
					['video', say(TEXTS.camera)],
					['audio', say(TEXTS.microphone)],
				]}
				onChange={(chosen) => onChange({ constraints: { [chosen]: { label } } })}
			/>
			<input
				class="field"
				list="device-labels"
				aria-label="label"
				placeholder="label"
				value={label}
				onFocus={async () => setDevices((await navigator.mediaDevices?.enumerateDevices()) ?? [])}
				onInput={({ currentTarget }) => onChange({ constraints: { [key]: { label: currentTarget.value } } })}
			/>
			<datalist id="device-labels">
				{devices
					.filter(({ kind }) => kind === `${key}input`)
					.map(({ deviceId, label }) => (
						<option key={deviceId} value={label} />
					))}
			</datalist>
		</div>
	);
}

function Track({ data, onChange }: { data: { userPeerId: string; kind: string }; onChange(data: unknown): void }) {
	return (
		<div class="row">
			<PeerChoice value={data.userPeerId} onChange={(userPeerId) => onChange({ ...data, userPeerId })} />
			<Choice
				label={say(TEXTS.data)}
				value={data.kind}
				values={[
					['audio', say(TEXTS.microphone)],
					['video', say(TEXTS.camera)],
				]}
				onChange={(kind) => onChange({ ...data, kind })}
			/>
		</div>
	);
}

function PeerChoice({ value, onChange }: { value: string; onChange(value: string): void }) {
	const { peers } = useStore(demo);
	const values = [...peers].map(([id, name]): [string, string] => [id, name || id]);
	return <Choice label={say(TEXTS.peer)} value={value} values={values} onChange={onChange} />;
}

interface ChoiceProps {
	label: string;
	value: string;
	values: [value: string, text: string][];
	onChange(value: string): void;
}

function Choice({ label, value, values, onChange }: ChoiceProps) {
	return (
		<select class="field" aria-label={label} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
			{values.length === 0 && <option value="">—</option>}
			{values.map(([value, text]) => (
				<option key={value} value={value}>
					{text}
				</option>
			))}
		</select>
	);
}

function Check({
	label,
	name,
	checked,
	onChange,
}: {
	label: string;
	name?: string;
	checked: boolean;
	onChange(on: boolean): void;
}) {
	return (
		<label class="check">
			<input
				type="checkbox"
				aria-label={name}
				checked={checked}
				onChange={({ currentTarget }) => onChange(currentTarget.checked)}
			/>
			{label}
		</label>
	);
}
