/** Rows of seats around a stage. */
export const Logo = () => (
	<svg class="logo" viewBox="0 0 32 20" aria-hidden="true">
		<path d="M4 17a12 12 0 0 1 24 0M10 17a6 6 0 0 1 12 0" />
		<circle cx="16" cy="17" r="1.7" />
	</svg>
);
