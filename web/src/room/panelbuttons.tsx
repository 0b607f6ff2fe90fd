import type { IconNode } from 'lucide';
import { MessageSquare, Users } from 'lucide';
import { useEffect } from 'preact/hooks';
import { announce } from '../base/announcements';
import type { Chat } from '../chat/chat';
import { t } from '../i18n';
import { type PanelName, togglePanel, view } from '../session/view';
import type { Visit } from '../session/visit';
import { IconButton } from '../ui/button';
import { useStore } from '../ui/usestore';

interface PanelButtonProps {
	panel: PanelName;
	icon: IconNode;
	label: string;
	badge: number;
}

function PanelButton({ panel, ...button }: PanelButtonProps) {
	const open = useStore(view).panel === panel;
	return (
		<IconButton
			{...button}
			look="bar"
			class="quiet"
			aria-expanded={open}
			data-testid={`${panel}-button`}
			onClick={() => togglePanel(panel)}
		/>
	);
}

/** Opens the chat, and shows how many messages are unread. */
export function ChatButton({ chat }: { chat: Chat }) {
	const { lines, unread } = useStore(chat.state);

	useEffect(() => {
		const last = lines.at(-1);
		if (unread > 0 && last && !last.mine)
			announce(t('chat.arrived', { name: last.name || t('room.guest'), text: last.text }));
	}, [unread]);

	const label = unread > 0 ? t('chat.buttonUnread', { number: unread }) : t('chat.title');
	return <PanelButton panel="chat" icon={MessageSquare} label={label} badge={unread} />;
}

/** Opens the list of people, and shows how many of them a moderator has to answer. */
export function PeopleButton({ visit }: { visit: Visit }) {
	const { calls, label } = useCalls(visit);
	return <PanelButton panel="people" icon={Users} label={label} badge={calls} />;
}

/** How many people a moderator has to answer, 0 for others; and the label of a button that leads to them. */
export function useCalls(visit: Visit) {
	const { waitingPeers, hands, rights } = useStore(visit.state);
	const calls = rights.moderator ? waitingPeers.length + hands.length : 0;
	return { calls, label: calls > 0 ? t('people.buttonCalls', { number: calls }) : t('people.title') };
}
