import { MeetIframeBridge } from './bridge';

// Where a script tag finds it, and an import of the same file too.
window.MeetIframeBridge = { default: MeetIframeBridge };
