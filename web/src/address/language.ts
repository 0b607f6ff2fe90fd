/** The languages of the page. A line in CONTRIBUTING.md says what a new one requires. */
export const LANGUAGES = ['en', 'ru'] as const;
export type Language = (typeof LANGUAGES)[number];
