# The programme's card as a key frame of each codec; recorder/card.c embeds the files.
set(card_width 1280)
set(card_height 720)
add_executable(card-picture recorder/card/picture.c)
target_link_libraries(card-picture PRIVATE m)
foreach(codec vp8 vp9)
	set(file ${CMAKE_CURRENT_BINARY_DIR}/card.${codec}.ivf)
	add_custom_command(OUTPUT ${file}
		COMMAND card-picture ${card_width} ${card_height} | vpxenc - -o ${file} --quiet --ivf
			--codec=${codec} --limit=1 --passes=1 --good --cpu-used=0 --threads=1 --lag-in-frames=0 --auto-alt-ref=0
			--end-usage=q --cq-level=12 --min-q=0 --max-q=24
		DEPENDS card-picture VERBATIM)
	list(APPEND card_files ${file})
	string(TOUPPER ${codec} name)
	list(APPEND card_definitions CARD_${name}="${file}")
endforeach()
set_source_files_properties(recorder/card.c PROPERTIES OBJECT_DEPENDS "${card_files}"
	COMPILE_DEFINITIONS "${card_definitions};CARD_WIDTH=${card_width};CARD_HEIGHT=${card_height}")
