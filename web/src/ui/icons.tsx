import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
			{children}
		</svg>
	);
}

const MIC = (
	<>
		<rect x="9" y="3" width="6" height="11" rx="3" />
		<path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
	</>
);

const CAMERA = (
	<>
		<rect x="3" y="6.5" width="12" height="11" rx="2.5" />
		<path d="m15 11 6-3.5v9L15 13" />
	</>
);

const SLASH = <path d="M4 4l16 16" />;

export const MicIcon = ({ off }: { off?: boolean }) => (
	<Icon>
		{MIC}
		{off && SLASH}
	</Icon>
);

export const CameraIcon = ({ off }: { off?: boolean }) => (
	<Icon>
		{CAMERA}
		{off && SLASH}
	</Icon>
);

export const LeaveIcon = () => (
	<Icon>
		<path d="M10 4H6.5A1.5 1.5 0 0 0 5 5.5v13A1.5 1.5 0 0 0 6.5 20H10M15 8l4 4-4 4M19 12H10" />
	</Icon>
);

export const SoundIcon = () => (
	<Icon>
		<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" />
	</Icon>
);

export const CloseIcon = () => (
	<Icon>
		<path d="M6 6l12 12M18 6 6 18" />
	</Icon>
);

export const CheckIcon = () => (
	<Icon>
		<path d="m5 12.5 4.5 4.5L19 7.5" />
	</Icon>
);

export const PeopleIcon = () => (
	<Icon>
		<circle cx="9" cy="8" r="3.5" />
		<path d="M2.5 19.5c.6-3.6 3.1-5.5 6.5-5.5s5.9 1.9 6.5 5.5M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14.6c2 .8 3.2 2.4 3.5 4.9" />
	</Icon>
);

/** Somebody at a lectern. */
export const SpeakIcon = ({ off }: { off?: boolean }) => (
	<Icon>
		<circle cx="12" cy="6" r="3" />
		<path d="M5 13h14l-1.5 4h-11zM12 17v4M9 21h6" />
		{off && SLASH}
	</Icon>
);

export const Logo = () => (
	<svg class="logo" viewBox="0 0 32 20" aria-hidden="true">
		<path d="M4 17a12 12 0 0 1 24 0M10 17a6 6 0 0 1 12 0" />
		<circle cx="16" cy="17" r="1.7" />
	</svg>
);
