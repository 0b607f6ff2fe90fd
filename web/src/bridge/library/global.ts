import { MeetIframeBridge } from './bridge';

// A script tag finds it here, and so does who imports the same file.
window.MeetIframeBridge = { default: MeetIframeBridge };
