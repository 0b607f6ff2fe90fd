import { MessageSquare } from 'lucide';
import { useEffect } from 'preact/hooks';
import { announce } from '../base/announcements';
import type { Chat } from '../chat/chat';
import { t } from '../i18n';
import { togglePanel, view } from '../session/view';
import { IconButton } from '../ui/button';
import { useStore } from '../ui/usestore';

/** Opens the chat, and shows how many messages are unread. */
export function ChatButton({ chat }: { chat: Chat }) {
	const open = useStore(view).panel === 'chat';
	const { lines, unread } = useStore(chat.state);

	useEffect(() => {
		const last = lines.at(-1);
		if (unread > 0 && last && !last.mine)
			announce(t('chat.arrived', { name: last.name || t('room.guest'), text: last.text }));
	}, [unread]);

	return (
		<IconButton
			look="bar"
			class="quiet"
			icon={MessageSquare}
			label={unread > 0 ? t('chat.buttonUnread', { number: unread }) : t('chat.title')}
			badge={unread}
			aria-expanded={open}
			data-testid="chat-button"
			onClick={() => togglePanel('chat')}
		/>
	);
}
