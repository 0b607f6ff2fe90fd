export { MeetIframeBridge, MeetIframeBridge as default } from './bridge';
